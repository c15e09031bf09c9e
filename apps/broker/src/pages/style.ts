import { createHash } from 'node:crypto';

/** The one stylesheet, as text, so that a bundle carries it. Custom properties first: light, then dark. */
export const styleText = `:root{
color-scheme:light dark;
--ground:#f3f6f5;--glow:#dcefe9;--surface:#fff;--sunken:#f3f6f5;--line:#dbe3e0;--field-line:#7c8b86;
--text:#13201d;--muted:#52625d;--accent:#0b6b5d;--accent-strong:#084f45;--on-accent:#fff;--accent-soft:#e2f1ed;
--good:#12693a;--good-soft:#e0f3e8;--bad:#ad211a;--bad-soft:#fcebe9;--warn:#7d5200;--warn-soft:#fcf1da;--info:#0b6b5d;--info-soft:#e2f1ed;
--read:#1d5a9e;--shadow:0 1px 2px rgb(15 40 35/.06),0 12px 32px -12px rgb(15 40 35/.16);
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
}
@media (prefers-color-scheme:dark){:root{
--ground:#0c1211;--glow:#12241f;--surface:#151d1b;--sunken:#0f1614;--line:#28342f;--field-line:#71827c;
--text:#e7eeeb;--muted:#a0b1ab;--accent:#63d6c1;--accent-strong:#8be3d2;--on-accent:#05231e;--accent-soft:#15332d;
--good:#7fdca3;--good-soft:#142f20;--bad:#ffa198;--bad-soft:#3a1c1a;--warn:#f1c468;--warn-soft:#33280f;--info:#63d6c1;--info-soft:#15332d;
--read:#8dc1f5;--shadow:0 1px 2px rgb(0 0 0/.4),0 16px 40px -16px rgb(0 0 0/.6);
}}
*,::before,::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1.5rem}
body{margin:0;min-height:100vh;min-height:100dvh;background:var(--ground) radial-gradient(60rem 28rem at 50% -8rem,var(--glow),transparent) no-repeat;color:var(--text);font:400 1rem/1.55 var(--sans);overflow-wrap:anywhere}
h1,h2,h3,p,ul,ol,dl,dd,pre{margin:0}
h1{font-size:1.625rem;line-height:1.25;font-weight:680;letter-spacing:-.018em;text-wrap:balance}
h2{font-size:.9375rem;line-height:1.4;font-weight:650}
strong{font-weight:650}
a{color:var(--accent);text-underline-offset:.18em;text-decoration-thickness:.06em}
a:hover{color:var(--accent-strong)}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:6px}
code,pre{font-family:var(--mono);font-size:.875em}
img{display:block}
.quiet{color:var(--muted)}
.small{font-size:.875rem}
.icon{width:1.25rem;height:1.25rem;flex:none}
.top{display:flex;align-items:center;gap:.625rem;font-weight:650;letter-spacing:-.01em;padding:1.25rem clamp(1rem,4vw,2rem);max-width:78rem;margin:0 auto}
body.card .top{justify-content:center;padding-top:clamp(1.25rem,6vh,3.5rem)}

main.card{width:min(31rem,100% - 2rem);margin:0 auto 3rem;padding:clamp(1.375rem,5vw,2.25rem);background:var(--surface);border:1px solid var(--line);border-radius:20px;box-shadow:var(--shadow);display:grid;gap:1.375rem}
main.card>*,main.card section>*{min-width:0}
main.card section{display:grid;gap:.75rem}
.lead{font-size:1.0625rem;color:var(--muted)}
.lead strong{color:var(--text)}
.pair{display:flex;align-items:center;gap:.75rem;justify-content:center}
.tile{display:grid;place-items:center;width:64px;height:64px;border-radius:18px;background:#fff;border:1px solid var(--line);box-shadow:0 1px 2px rgb(15 40 35/.07)}
.tile.letter{background:var(--accent-soft);color:var(--accent);font-size:1.625rem;font-weight:680;border-color:transparent}
.dots{width:3rem;height:6px;background:radial-gradient(circle,var(--field-line) 2px,transparent 2.5px) 0 50%/12px 6px}
.pair+h1,.pair+h1+.lead{text-align:center}
.pair+h1{margin-bottom:-.75rem}
.banner,.note{display:flex;gap:.625rem;align-items:flex-start;padding:.75rem .875rem;border-radius:12px;font-size:.9375rem;line-height:1.45}
.banner{background:var(--warn-soft);color:var(--warn)}
.note{background:var(--info-soft);color:var(--text)}
.banner .icon,.note .icon{border:1.5px solid;border-radius:50%}
.note .icon{color:var(--info)}
.scopes{list-style:none;padding:0;display:grid;gap:.625rem}
.scopes li{display:flex;gap:.625rem;align-items:flex-start}
.scopes .icon{color:var(--good);margin-top:.125rem}
.scopes code{color:var(--muted);font-size:.8125em}
.apps{list-style:none;padding:0;display:grid;gap:.75rem}
.apps li{display:grid;grid-template-columns:1fr auto;gap:.75rem;align-items:center}
.apps .button{padding:.5rem 1rem;font-size:.9375rem}
.steps{padding:0;list-style:none;counter-reset:step;display:grid;gap:.625rem;color:var(--muted);font-size:.9375rem}
.steps li{counter-increment:step;padding-left:2.125rem;position:relative}
.steps li::before{content:counter(step);position:absolute;left:0;top:.05rem;width:1.4375rem;height:1.4375rem;border-radius:50%;background:var(--accent-soft);color:var(--accent);font-size:.8125rem;font-weight:650;display:grid;place-items:center}
.proof .code{font:680 clamp(2.25rem,12vw,3.25rem)/1.1 var(--mono);letter-spacing:.06em;text-align:center;padding:1.125rem .5rem;border-radius:16px;background:var(--accent-soft);color:var(--accent-strong);font-variant-numeric:tabular-nums;white-space:nowrap;user-select:all;-webkit-user-select:all}
.facts{border-top:1px solid var(--line);padding-top:1.125rem;display:grid;gap:.5rem;font-size:.9375rem}
.facts>div{display:grid;grid-template-columns:8rem 1fr;gap:.75rem}
.facts dt{color:var(--muted)}
.not-you{margin-top:-.625rem;color:var(--muted);font-size:.9375rem;text-align:center;text-wrap:balance}
.not-you strong{color:var(--text)}
.button{display:block;width:100%;border:0;border-radius:12px;padding:.875rem 1.25rem;background:var(--accent);color:var(--on-accent);font:650 1.0625rem/1.3 var(--sans);text-align:center;text-decoration:none;cursor:pointer;transition:background .15s}
.button:hover{background:var(--accent-strong);color:var(--on-accent)}
.button.second{background:none;color:var(--accent);box-shadow:inset 0 0 0 1.5px var(--accent)}
.button.second:hover{background:var(--accent);color:var(--on-accent)}
.button:active{transform:translateY(1px)}

form{display:grid;gap:1.125rem;margin:0}
.field{display:grid;gap:.3125rem}
label{font-weight:650;font-size:.9375rem}
.help{color:var(--muted);font-size:.875rem;line-height:1.45}
input,select,textarea{width:100%;min-height:3rem;margin-top:.125rem;padding:.625rem .8125rem;font:400 1rem/1.4 var(--sans);color:var(--text);background:var(--surface);border:1px solid var(--field-line);border-radius:10px}
input::placeholder{color:var(--muted);opacity:1}
textarea{min-height:9rem;font:400 .8125rem/1.45 var(--mono);resize:vertical}
select{appearance:none;padding-right:2.5rem;background-image:linear-gradient(45deg,transparent 50%,var(--muted) 50%),linear-gradient(-45deg,transparent 50%,var(--muted) 50%);background-size:6px 6px;background-position:right 1.25rem center,right .9rem center;background-repeat:no-repeat}
input:focus-visible,select:focus-visible,textarea:focus-visible{outline-offset:1px;border-color:var(--accent);border-radius:10px}
.wrong input,.wrong select,.wrong textarea{border-color:var(--bad);box-shadow:0 0 0 1px var(--bad)}
.error{color:var(--bad);font-size:.875rem;font-weight:550}
.alert{padding:.875rem 1rem;border-radius:12px;background:var(--bad-soft);color:var(--bad);font-size:.9375rem;line-height:1.5}
.alert strong{font-weight:600}
.alert ul{margin-top:.375rem;padding-left:1.125rem}
.alert a{color:inherit}

.choices{border:0;margin:0;padding:0;min-width:0;display:grid;gap:.5rem}
.choices legend{padding:0;margin-bottom:.5rem;font-weight:650;font-size:.9375rem}
.choice{display:flex;gap:.75rem;align-items:center;min-height:3rem;padding:.75rem .875rem;border:1px solid var(--field-line);border-radius:12px;cursor:pointer;font-weight:400;font-size:1rem}
.choice>span{display:grid;min-width:0}
.choice input{flex:none;width:1.25rem;height:1.25rem;min-height:0;margin:0;accent-color:var(--accent)}
.choice:hover{border-color:var(--accent)}
.choice:has(:checked){border-color:var(--accent);background:var(--accent-soft)}
.choice:has(:focus-visible){outline:3px solid var(--accent);outline-offset:2px}
.choice input:focus-visible{outline:none}

.sent pre{white-space:pre-wrap;overflow-wrap:anywhere;overflow-x:visible;font-size:.8125rem;padding:.625rem .75rem}
.arguments{display:grid;gap:.875rem}
.arguments>div{display:grid;gap:.25rem;min-width:0}
.arguments dt{color:var(--muted);font-size:.875rem}
.arguments dd{display:grid;gap:.375rem;min-width:0}
.more summary{cursor:pointer;color:var(--accent);font-size:.875rem;padding:.25rem 0}
.more[open] summary{margin-bottom:.375rem}
.pair-of-buttons{display:flex;flex-wrap:wrap;gap:.75rem}
.pair-of-buttons .button{flex:1 1 10rem}

.notice{text-align:center;justify-items:stretch}
.notice h1{margin-bottom:-.625rem}
.badge{justify-self:center;display:grid;place-items:center;width:64px;height:64px;border-radius:50%}
.badge .icon{width:38px;height:38px}
.badge.good{background:var(--good-soft);color:var(--good)}
.badge.bad{background:var(--bad-soft);color:var(--bad)}
.badge.warn,.badge.clock{background:var(--warn-soft);color:var(--warn)}
.badge.info{background:var(--info-soft);color:var(--info)}
.next{text-align:left;padding:1rem 1.125rem;border-radius:14px;background:var(--sunken);display:grid;gap:.25rem;font-size:.9375rem}
.notice .banner,.notice .note,.notice .facts{text-align:left}

body.wide main{max-width:78rem;margin:0 auto;padding:.5rem clamp(1rem,4vw,2rem) 5rem}
pre{background:var(--sunken);border:1px solid var(--line);border-radius:12px;padding:.875rem 1rem;overflow-x:auto;line-height:1.6;overflow-wrap:normal;tab-size:2}
pre code{user-select:all;-webkit-user-select:all;font-size:.8125rem}
.hero{display:grid;gap:.75rem;padding:clamp(.5rem,3vw,2rem) 0 1.75rem}
.hero h1{font-size:clamp(1.75rem,4.6vw,2.5rem);letter-spacing:-.025em}
.hero .lead{max-width:44rem}
.pill{justify-self:start;display:inline-flex;align-items:center;gap:.5rem;padding:.25rem .75rem .25rem .625rem;border-radius:99px;font-size:.875rem;font-weight:600}
.pill::before{content:"";width:.5625rem;height:.5625rem;border-radius:50%;background:currentColor}
.pill.good{background:var(--good-soft);color:var(--good)}
.pill.warn{background:var(--warn-soft);color:var(--warn)}
.stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.25rem,1fr));gap:.75rem}
.stats>div{display:grid;gap:.125rem;padding:1rem 1.125rem;background:var(--surface);border:1px solid var(--line);border-radius:16px}
.stats dt{order:2;color:var(--muted);font-size:.875rem}
.stats dd{font-size:1.75rem;font-weight:680;line-height:1.2;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.about{margin-top:1rem;color:var(--muted);font-size:.9375rem}
.welcome-steps{list-style:none;padding:0;margin:2.25rem 0 0;display:grid;gap:1rem;counter-reset:step}
.welcome-steps>li{counter-increment:step;background:var(--surface);border:1px solid var(--line);border-radius:18px;padding:clamp(1rem,3vw,1.5rem);display:grid;gap:.75rem;min-width:0}
.welcome-steps>li>*{min-width:0}
.welcome-steps h2{display:flex;align-items:center;gap:.625rem;font-size:1.0625rem}
.welcome-steps h2::before{content:counter(step);flex:none;display:grid;place-items:center;width:1.75rem;height:1.75rem;border-radius:50%;background:var(--accent-soft);color:var(--accent);font-size:.9375rem}
.welcome-steps p{color:var(--muted);font-size:.9375rem}
.links{list-style:none;padding:0;margin:2rem 0 0;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(16rem,100%),1fr));gap:.75rem}
.links a{display:grid;gap:.125rem;height:100%;padding:1rem 1.125rem;border:1px solid var(--line);border-radius:16px;background:var(--surface);text-decoration:none;font-weight:650}
.links a:hover{border-color:var(--accent)}
.links span{color:var(--muted);font-weight:400;font-size:.875rem}

.reference{display:grid;gap:2rem}
.reference>*{min-width:0}
.toc{font-size:.875rem}
.toc h2{margin:1.125rem 0 .25rem;font-size:.8125rem;color:var(--muted);font-weight:650;letter-spacing:.02em}
.toc ul{list-style:none;padding:0}
.toc a{display:block;padding:.25rem .5rem;margin-left:-.5rem;border-radius:8px;color:var(--text);text-decoration:none}
.toc a:hover{background:var(--accent-soft);color:var(--accent)}
.toc.side{display:none}
.toc.top-list{background:var(--surface);border:1px solid var(--line);border-radius:14px;padding:.75rem 1rem}
.toc.top-list a{padding:.5rem}
summary{cursor:pointer;font-weight:650}
.noun{margin-top:3rem}
.noun>h2{font-size:1.375rem;letter-spacing:-.015em;margin-bottom:.5rem}
.op{margin-top:1.25rem;padding:clamp(1rem,3vw,1.625rem);background:var(--surface);border:1px solid var(--line);border-radius:18px;display:grid;gap:1.125rem}
.op>*{min-width:0}
.op:target{border-color:var(--accent);box-shadow:0 0 0 1px var(--accent)}
.op h3{font-size:1.0625rem;font-weight:650}
.op h4{margin:0 0 .25rem;font-size:.8125rem;font-weight:650;color:var(--muted);letter-spacing:.02em}
.call{display:flex;flex-wrap:wrap;gap:.5rem .625rem;align-items:center;font-family:var(--mono);font-size:.9375rem}
.call a{color:inherit;text-decoration:none}
.call a:hover{text-decoration:underline}
.method{font-size:.75rem;font-weight:700;padding:.1875rem .5rem;border-radius:7px;background:var(--sunken);border:1px solid var(--line)}
.method.get{color:var(--read)}.method.post,.method.put{color:var(--good)}.method.patch{color:var(--warn)}.method.delete{color:var(--bad)}
.chips{display:flex;flex-wrap:wrap;gap:.375rem;list-style:none;padding:0}
.chips li{font-size:.8125rem;padding:.125rem .5625rem;border-radius:99px;background:var(--sunken);border:1px solid var(--line);color:var(--muted)}
.chips a{color:inherit}
.fields{list-style:none;padding:0;display:grid}
.fields>li{padding:.5625rem 0;border-top:1px solid var(--line);display:grid;gap:.125rem;min-width:0}
.fields>li:first-child{border-top:0;padding-top:.125rem}
.fields .name{display:flex;flex-wrap:wrap;gap:.125rem .625rem;align-items:baseline}
.fields .name code{font-weight:650}
.fields .type{color:var(--muted);font-size:.8125rem}
.fields .must{color:var(--bad);font-size:.75rem;font-weight:600}
.fields p{font-size:.875rem;color:var(--muted)}
.fields .fields{margin:.375rem 0 .125rem;padding-left:.875rem;border-left:2px solid var(--line)}
.faults td,.faults th{padding:.5rem .75rem .5rem 0;text-align:left;vertical-align:top;border-top:1px solid var(--line);font-size:.875rem}
.faults{width:100%;border-collapse:collapse}
@media (min-width:62rem){
.reference{grid-template-columns:15rem minmax(0,1fr);gap:3rem;align-items:start}
.toc.side{display:block;position:sticky;top:0;max-height:100vh;overflow-y:auto;padding:1rem .5rem 2rem;scrollbar-width:thin}
.toc.top-list{display:none}
}
@media (max-width:40rem){.stats{grid-template-columns:1fr 1fr}.stats>div:last-child:nth-child(odd){grid-column:1/-1}}
@media (max-width:24rem){.facts>div{grid-template-columns:1fr;gap:0}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media (forced-colors:active){.button,.tile,.badge,.banner,.note,.alert{border:1px solid}}
`;

const hash = createHash('sha256').update(styleText).digest('hex').slice(0, 16);

/** Named by its content, so that it can be kept for ever. */
export const stylePath = `/pages/style.${hash}.css`;

export const styleHeaders: Record<string, string> = {
  'content-type': 'text/css; charset=utf-8',
  'cache-control': 'public, max-age=31536000, immutable',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
