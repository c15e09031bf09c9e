export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #eef0f4; --sheet: #ffffff; --ink: #1b1f2a; --quiet: #5d6473; --line: #d9dee7; --field: #ffffff;
  --accent: #3446c8; --accent-ink: #ffffff; --accent-soft: #e9ecfb; --note: #fff3d6; --note-ink: #5c4300; --note-line: #f0d48a;
  --shadow: 0 1px 2px rgba(20, 26, 46, .06), 0 12px 32px rgba(20, 26, 46, .09);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12141a; --sheet: #1b1e27; --ink: #e9ebf1; --quiet: #a0a7b6; --line: #2f3441; --field: #14171e;
    --accent: #8b9bff; --accent-ink: #10131f; --accent-soft: #262c48; --note: #33290f; --note-ink: #f4d991; --note-line: #5a4716;
    --shadow: 0 1px 2px rgba(0, 0, 0, .4), 0 12px 32px rgba(0, 0, 0, .35);
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%;
}
a { color: var(--accent); }
.banner {
  margin: 0; padding: 10px 20px; background: var(--note); color: var(--note-ink); border-bottom: 1px solid var(--note-line);
  text-align: center; font-size: 14px;
}
main { max-width: 460px; margin: 0 auto; padding: 36px 16px 40px; }
main.wide { max-width: 860px; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: 16px; box-shadow: var(--shadow); padding: 28px 32px; }
.pair { display: flex; align-items: center; justify-content: center; gap: 14px; margin-bottom: 16px; }
.tile {
  width: 52px; height: 52px; border-radius: 14px; display: grid; place-items: center; font-size: 22px; font-weight: 650;
  background: var(--accent-soft); color: var(--accent);
}
.tile.vendor { background: var(--ink); color: var(--sheet); }
.dots { display: flex; gap: 5px; }
.dots i { width: 5px; height: 5px; border-radius: 50%; background: var(--line); }
h1 { margin: 0 0 18px; font-size: 22px; line-height: 1.3; font-weight: 650; text-align: center; text-wrap: balance; }
h2 { margin: 36px 0 10px; font-size: 17px; }
h3 { margin: 0 0 4px; font-size: 16px; }
.ask { margin: 0 0 10px; color: var(--quiet); font-size: 14px; }
.scopes { list-style: none; margin: 0 0 18px; padding: 0; border: 1px solid var(--line); border-radius: 12px; font-size: 15px; line-height: 1.4; }
.scopes li { display: flex; gap: 12px; padding: 10px 14px; }
.scopes li + li { border-top: 1px solid var(--line); }
.scopes svg { flex: none; width: 20px; height: 20px; margin-top: 2px; color: var(--accent); }
.scopes small { display: block; color: var(--quiet); font: 12px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
label { display: block; font-size: 14px; font-weight: 600; margin-bottom: 6px; }
input[type="text"] {
  width: 100%; padding: 11px 13px; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--line); border-radius: 10px;
}
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.hint { margin: 6px 0 18px; font-size: 13px; color: var(--quiet); }
.problem { margin: 6px 0 0; font-size: 14px; color: #c22f3d; }
.choices { display: grid; grid-template-columns: 2fr 1fr; gap: 12px; }
button {
  font: inherit; font-weight: 600; padding: 12px 16px; border-radius: 10px; border: 1px solid var(--line);
  background: transparent; color: inherit; cursor: pointer; min-height: 48px;
}
button:hover { background: var(--ground); }
button.yes { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
button.yes:hover { filter: brightness(1.08); }
.after { margin: 20px 0 0; text-align: center; font-size: 13px; color: var(--quiet); overflow-wrap: anywhere; }
.wide h1 { text-align: left; margin-bottom: 8px; }
.card { background: var(--sheet); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; margin-bottom: 12px; }
.card p { margin: 0 0 8px; color: var(--quiet); font-size: 14px; }
pre, code { font: 13px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: 0; padding: 12px 14px; border-radius: 10px; background: var(--ground); overflow-x: auto; }
dl { margin: 0; }
dt { font: 600 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dd { margin: 0 0 10px; font-size: 14px; color: var(--quiet); }
main > pre { background: var(--sheet); border: 1px solid var(--line); }
details summary { cursor: pointer; font-size: 14px; }
details pre { margin-top: 8px; }
@media (max-width: 480px) {
  main { padding: 20px 12px 32px; }
  .sheet { padding: 24px 18px; }
  .banner { font-size: 13px; padding: 9px 14px; }
}
`;
