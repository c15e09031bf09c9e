import { type Cell, interleave, type Kind, type Mode, type Step, Walk } from './phishing.ts';

/** One way to come by Bob's account, or to put Mallory's under his name. */
export interface Script {
  name: string;
  modes?: readonly Mode[];
  kinds?: readonly Kind[];
  /** Threads of steps; they are mixed at random. */
  threads(cell: Cell): Promise<Step[][]>;
}

const linkOf = async (cell: Cell, whose: 'mallory' | 'bob', more = {}) => {
  const link = await cell.mint(cell[whose], more);
  return () => link;
};

export const scripts: readonly Script[] = [
  {
    name: 'Bob completes Mallory’s link',
    threads: async (cell) => [new Walk(cell, cell.bob, await linkOf(cell, 'mallory')).steps()],
  },
  {
    name: 'Mallory proves herself, then sends the link on',
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      return [[hers.open, hers.prove, his.open, his.press, () => his.consent(), () => his.bring(), his.arrive]];
    },
  },
  {
    name: 'Mallory presses Continue, then sends the provider’s page on',
    kinds: ['oauth'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      return [[hers.open, hers.prove, hers.press, () => his.consent(hers.next), () => his.bring(), his.arrive]];
    },
  },
  {
    name: 'Mallory consents with Bob’s link, then sends the callback on',
    kinds: ['oauth'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'bob');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      return [[hers.open, hers.prove, hers.press, () => hers.consent(), () => his.bring(hers.answer), his.arrive]];
    },
  },
  {
    name: 'Mallory completes Bob’s link',
    threads: async (cell) => [new Walk(cell, cell.mallory, await linkOf(cell, 'bob')).steps()],
  },
  {
    name: 'both walk through Mallory’s link at once, as far as she can without an account',
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory');
      const hers = new Walk(cell, cell.mallory, link);
      return [
        new Walk(cell, cell.bob, link).steps(),
        cell.kind === 'oauth' ? [hers.open, hers.prove, hers.press] : [hers.open, hers.prove],
      ];
    },
  },
  {
    name: 'the link is asked for anew with other wishes while Bob is under way',
    threads: async (cell) => {
      let link = await cell.mint(cell.mallory);
      const his = new Walk(cell, cell.bob, () => link);
      const again = async () => {
        link = await cell.mint(cell.mallory, { expires_in: 60 + Math.floor(cell.random() * 3000) });
      };
      return [his.steps(), [again]];
    },
  },
  {
    name: 'the auth_request_id is stolen after the app has seen it',
    modes: ['app', 'session'],
    threads: async (cell) => {
      const his = new Walk(cell, cell.bob, await linkOf(cell, 'mallory'));
      return [[...his.steps(), () => his.cell.arriveAtApp(cell.mallory, his.next) ?? Promise.resolve()]];
    },
  },
  {
    name: 'the auth_request_id of Bob’s own consent is stolen before the app has seen it',
    modes: ['app', 'session'],
    threads: async (cell) => {
      const his = new Walk(cell, cell.bob, await linkOf(cell, 'bob'));
      const steal = () => his.cell.arriveAtApp(cell.mallory, his.next) ?? Promise.resolve();
      return [[...his.steps().slice(0, -1), steal, his.arrive]];
    },
  },
  {
    name: 'an app that believes the link about who it is for, with what is in Bob’s session, then with Mallory’s',
    modes: ['session'],
    threads: async (cell) => {
      const his = new Walk(cell, cell.bob, await linkOf(cell, 'mallory'));
      const believe = async () => {
        const body = { auth_request_id: his.next?.searchParams.get('auth_request_id') ?? '', identifier: cell.mallory.identifier };
        await cell.verify(cell.random() < 0.5 ? body : { ...body, code_verifier: cell.bob.verifier });
        await cell.verify({ ...body, code_verifier: cell.mallory.verifier });
      };
      return [[...his.steps().slice(0, -1), believe]];
    },
  },
  {
    name: 'Mallory’s link carries the challenge of Bob’s session',
    modes: ['session'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory', { code_challenge: cell.bob.challenge });
      return [new Walk(cell, cell.bob, link).steps()];
    },
  },
  {
    name: 'Mallory’s sign-in is finished in Bob’s browser',
    modes: ['oidc'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      let answer: string | undefined;
      const begin = async () => {
        answer = await hers.signIn((url) => new URL(url).pathname.startsWith('/oauth/identity/'));
      };
      const hand = async () => (answer === undefined ? undefined : cell.bob.browser.request(answer));
      return [[hers.open, begin, hand, his.open, his.press, () => his.consent(), () => his.bring()]];
    },
  },
  {
    name: 'Bob signs in first, at Mallory’s link, then goes on',
    modes: ['oidc'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      return [[his.open, his.prove, hers.open, hers.prove, his.press, () => his.consent(), () => his.bring()]];
    },
  },
  {
    name: 'Bob signs in at an address that Mallory was sent to, for a link of his',
    modes: ['oidc'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'bob');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      let at: string | undefined;
      const begin = async () => {
        at = await hers.beginSignIn();
      };
      const sign = async () => (at === undefined ? undefined : cell.bob.browser.follow(at, () => false));
      // He began himself, so that his browser has a cookie too.
      return [[his.open, his.beginSignIn, hers.open, begin, sign, hers.press, () => hers.consent(), () => hers.bring()]];
    },
  },
  {
    name: 'the code in Bob’s browser is guessed, and at last known',
    modes: ['chat'],
    threads: async (cell) => {
      const his = new Walk(cell, cell.bob, await linkOf(cell, 'mallory'));
      const guess = async () => {
        const shown = Number(his.code ?? '0');
        for (let i = 0; i < 3; i++) {
          const other = (shown + 1 + Math.floor(cell.random() * 999_999)) % 1_000_000;
          await cell.sendInChat(cell.mallory, String(other).padStart(6, '0'));
        }
        if (his.code !== undefined) await cell.sendInChat(cell.mallory, his.code);
      };
      return [[his.open, his.prove, guess, his.press, () => his.consent(), () => his.bring()]];
    },
  },
  {
    name: 'Mallory sends the code of her own browser while Bob’s waits',
    modes: ['chat'],
    threads: async (cell) => {
      const link = await linkOf(cell, 'mallory');
      const [hers, his] = [new Walk(cell, cell.mallory, link), new Walk(cell, cell.bob, link)];
      return [[his.open, his.prove, hers.open, hers.prove, his.press, () => his.consent(), () => his.bring()]];
    },
  },
];

/** What happens besides: looks that must not matter. */
function noise(cell: Cell): Step[][] {
  const all: Step[][] = [
    [() => fetch(cell.link, { method: 'HEAD' }), () => fetch(cell.link)],
    [() => cell.mallory.browser.request(`${cell.link}/done?r=connected`)],
    [() => cell.bob.browser.request(`${cell.link}/done`), () => cell.bob.browser.request(cell.link)],
    [() => cell.verify({ auth_request_id: 'A'.repeat(43), identifier: cell.mallory.identifier })],
  ];
  return all.filter(() => cell.random() < 0.35);
}

export async function runScript(script: Script, cell: Cell): Promise<void> {
  const threads = await script.threads(cell);
  await interleave([...threads, ...noise(cell)], cell.random);
}

/** The right person, with the same looks about. */
export async function runHonestly(cell: Cell): Promise<void> {
  const link = await linkOf(cell, 'bob');
  await interleave([new Walk(cell, cell.bob, link).steps(), ...noise(cell)], cell.random);
}

/** Every script in every cell it fits. */
export function combinations(modes: readonly Mode[], kinds: readonly Kind[]): { script: Script; mode: Mode; kind: Kind }[] {
  return scripts.flatMap((script) =>
    modes
      .filter((mode) => script.modes?.includes(mode) ?? true)
      .flatMap((mode) => kinds.filter((kind) => script.kinds?.includes(kind) ?? true).map((kind) => ({ script, mode, kind }))),
  );
}
