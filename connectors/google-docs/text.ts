/** What a document says, out of the tree that Google gives: paragraphs, lists and tables as Markdown has them. */
export interface Element {
  startIndex?: number;
  endIndex?: number;
  paragraph?: Paragraph;
  table?: { tableRows?: { tableCells?: { content?: Element[] }[] }[] };
  tableOfContents?: { content?: Element[] };
  sectionBreak?: unknown;
}

interface Paragraph {
  elements?: Inline[];
  paragraphStyle?: { namedStyleType?: string };
  bullet?: { listId?: string; nestingLevel?: number };
}

interface Inline {
  startIndex?: number;
  endIndex?: number;
  textRun?: { content?: string };
  person?: { personProperties?: { name?: string; email?: string } };
  richLink?: { richLinkProperties?: { title?: string; uri?: string } };
  dateElement?: { dateElementProperties?: { displayText?: string } };
  footnoteReference?: { footnoteNumber?: string };
  inlineObjectElement?: unknown;
  equation?: unknown;
  horizontalRule?: unknown;
}

interface Tab {
  tabProperties?: { tabId?: string; title?: string };
  documentTab?: { body?: { content?: Element[] } };
  childTabs?: Tab[];
}

export interface DocumentBody {
  documentId: string;
  title?: string;
  revisionId?: string;
  tabs?: Tab[];
}

export interface TabText {
  id: string;
  title: string;
  content: Element[];
}

/** Tabs in the order of the side bar, those below another one after it. */
export function tabsOf({ tabs = [] }: DocumentBody): TabText[] {
  const found: TabText[] = [];
  const open = tabs.toReversed();
  for (let tab = open.pop(); tab !== undefined; tab = open.pop()) {
    const { tabId = '', title = '' } = tab.tabProperties ?? {};
    found.push({ id: tabId, title, content: tab.documentTab?.body?.content ?? [] });
    open.push(...(tab.childTabs ?? []).toReversed());
  }
  return found;
}

const marks: Record<string, string> = {
  TITLE: '# ',
  SUBTITLE: '## ',
  HEADING_1: '# ',
  HEADING_2: '## ',
  HEADING_3: '### ',
  HEADING_4: '#### ',
  HEADING_5: '##### ',
  HEADING_6: '###### ',
};

export function markdownOf(content: Element[]): string {
  const lines = content.flatMap((element) => {
    if (element.paragraph !== undefined) return [lineOf(element.paragraph)];
    return (element.table?.tableRows ?? []).map(
      (row) => `| ${(row.tableCells ?? []).map((cell) => cellOf(cell.content ?? [])).join(' | ')} |`,
    );
  });
  return lines.join('\n').replace(/\n+$/, '');
}

function lineOf(paragraph: Paragraph): string {
  const text = (paragraph.elements ?? []).map(inlineOf).join('').replace(/\n$/, '');
  if (text === '') return '';
  if (paragraph.bullet !== undefined) return `${'  '.repeat(Math.min(paragraph.bullet.nestingLevel ?? 0, 8))}- ${text}`;
  return `${marks[paragraph.paragraphStyle?.namedStyleType ?? ''] ?? ''}${text}`;
}

/** A cell is one line; a table within it is left to its text. */
function cellOf(content: Element[]): string {
  return content
    .map(({ paragraph }) => (paragraph === undefined ? '' : lineOf(paragraph)))
    .filter((line) => line !== '')
    .join(' ')
    .replaceAll('\n', ' ');
}

function inlineOf(inline: Inline): string {
  if (inline.textRun !== undefined) return (inline.textRun.content ?? '').replaceAll('\u000b', '\n');
  const person = inline.person?.personProperties;
  if (person !== undefined) return person.name ?? person.email ?? '';
  const link = inline.richLink?.richLinkProperties;
  if (link !== undefined) return `[${link.title ?? ''}](${link.uri ?? ''})`;
  if (inline.dateElement !== undefined) return inline.dateElement.dateElementProperties?.displayText ?? '';
  if (inline.footnoteReference !== undefined) return `[${inline.footnoteReference.footnoteNumber ?? '*'}]`;
  if (inline.inlineObjectElement !== undefined) return '[image]';
  if (inline.equation !== undefined) return '[equation]';
  return inline.horizontalRule === undefined ? '' : '---';
}

/** The place before the last line break: what is inserted there stands at the end. */
export function endOf(content: Element[]): number {
  return Math.max(1, (content.at(-1)?.endIndex ?? 2) - 1);
}

export interface Place {
  start: number;
  end: number;
  paragraph: string;
}

/** Where a text stands, paragraph by paragraph, those in tables included. */
export function placesOf(content: Element[], text: string, matchCase: boolean, most: number): Place[] {
  const fold = (value: string) => (matchCase ? value : folded(value));
  const wanted = fold(text);
  const found: Place[] = [];
  for (const { paragraph } of flat(content)) {
    const inlines = paragraph?.elements ?? [];
    const first = inlines[0]?.startIndex ?? 0;
    // what is no text holds its places all the same
    const plain = inlines.map((i) => i.textRun?.content ?? '\ufffc'.repeat(Math.max(0, (i.endIndex ?? 0) - (i.startIndex ?? 0)))).join('');
    const searched = fold(plain);
    for (let at = searched.indexOf(wanted); at >= 0; at = searched.indexOf(wanted, at + wanted.length)) {
      found.push({ start: first + at, end: first + at + text.length, paragraph: plain.trim().slice(0, 300) });
      if (found.length === most) return found;
    }
  }
  return found;
}

/** Lower case, but of the same length: some letters become two, and places would shift. */
function folded(text: string): string {
  return text.replace(/\p{Lu}/gu, (letter) => {
    const lower = letter.toLowerCase();
    return lower.length === letter.length ? lower : letter;
  });
}

/** Every element, those within cells after the table that holds them. */
function flat(content: Element[]): Element[] {
  const found: Element[] = [];
  const open = content.toReversed();
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    found.push(element);
    const cells = (element.table?.tableRows ?? []).flatMap((row) => row.tableCells ?? []);
    open.push(...cells.flatMap((cell) => cell.content ?? []).toReversed());
  }
  return found;
}
