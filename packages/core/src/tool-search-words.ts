/**
 * Words that mean the same to somebody who looks for a tool. Each line is one meaning; a word may have several, and a phrase
 * is found before its words. Words are written as `wordsOf` leaves them: lower case, without accents and apostrophes.
 */
const actions: Record<string, string> = {
  create:
    'create, add, new, make, insert, raise, file, open, log, register, set up, setup, start, begin, build, generate, put, enter, record, save, write up, another, append, schedule, plan, book, arrange, subscribe, anlegen, anlege, erstelle, erstellen, neu, neue, neues, neuer, neuen, hinzufugen, eintragen, creer, cree, ajouter, nouveau, nouvelle',
  draft: 'draft, prepare, unsent, dont send, not send, later, entwurf, brouillon',
  send: 'send, post, message, dm, ping, notify, tell, write, shoot, announce, publish, senden, sende, schicke, schicken, schreibe, envoyer, envoie, ecrire',
  update:
    'update, edit, change, modify, alter, adjust, fix, correct, set, bump, amend, revise, upgrade, downgrade, reword, andern, andere, aktualisieren, bearbeiten, modifier, changer, mettre a jour',
  rename: 'rename, name, title, call it, umbenennen, renommer',
  replace: 'replace, exchange, substitute, overwrite, swap, ersetzen, remplacer',
  delete:
    'delete, remove, erase, drop, trash, bin, discard, get rid, destroy, purge, wipe, throw away, take off, take away, unsubscribe, lose, kill, recycle, losche, loschen, entfernen, entferne, supprimer, supprime, effacer, enlever',
  cancel: 'cancel, call off, abort, stop, end, terminate, withdraw, absagen, stornieren, kundigen, annuler, arreter, resilier',
  void: 'void, invalidate, invalid, nullify, revoke, disable, withdraw, kill',
  clear: 'clear, empty, blank, wipe, reset, leeren, vider',
  list: 'list, show, all, which, what, whats, enumerate, everything, overview, names, zeige, zeig, auflisten, liste, alle, welche, lister, montrer, afficher, quels, quelles',
  read: 'get, fetch, read, view, see, display, retrieve, look, details, detail, full, content, contents, lesen, lese, lire, voir, ouvrir',
  search:
    'search, find, look for, look up, lookup, locate, query, mention, mentions, about, contain, contains, suche, suchen, finde, finden, chercher, cherche, trouver, recherche',
  count: 'count, how many, number, total, wie viele, combien, anzahl',
  move: 'move, transfer, drag, relocate, shift, push, pull, hand over, verschieben, verschiebe, deplacer',
  copy: 'copy, duplicate, clone, kopieren, copier, dupliquer',
  reply: 'reply, answer, respond, response, get back to, antworten, antworte, repondre',
  comment: 'comment, remark, feedback, annotate, annotation, discussion, story, kommentar, kommentieren, commentaire, commenter',
  note: 'note, notes, minutes, write down, memo, notiz',
  assign: 'assign, assignee, responsible, delegate, hand, owner, take over, zuweisen, attribuer, assigner',
  invite: 'invite, add, bring, join, enroll, subscribe, sign up, einladen, inviter',
  member: 'member, members, participant, attendee, belong, who is in, who is on, whos in, whos on, mitglied, mitglieder, membre, membres',
  merge: 'merge, combine, fold, dedupe, duplicate, twice, join, same thing, squash, zusammenfuhren, fusionner',
  archive: 'archive, close, hide, archivieren, archiver, fermer, schliessen',
  restore:
    'restore, undelete, recover, bring back, get back, untrash, unarchive, revert, undo, rollback, back, wiederherstellen, restaurer',
  complete: 'complete, done, finish, check off, tick off, tick, resolve, solve, completion, erledigt, abschliessen, terminer',
  transition: 'transition, workflow, move, status, state, stage',
  attach: 'attach, attachment, upload, hang, anhang, anhangen, piece jointe, joindre, hochladen',
  download: 'download, export, save as, convert, herunterladen, exportieren, telecharger, exporter',
  share: 'share, permission, access, grant, let, allow, public, give access, teilen, freigeben, partager',
  approve: 'approve, approval, lgtm, accept, sign off, review, look over, check over, genehmigen, approuver',
  run: 'run, execute, trigger, kick off, launch, dispatch, start, invoke, fire, ausfuhren, starten, lancer, executer',
  bulk: 'bulk, batch, many, several, hundred, hundreds, thousand, in one go, at once, all of them, mass, multiple',
  again: 'again, rerun, retry, repeat, wieder, nochmal, encore',
  schedule: 'schedule, plan, later, planned, arrange, planen, planifier, programmer',
  silence: 'silence, mute, snooze, hush, quiet, suppress, do not disturb, dnd, pause, stumm',
  subscribe: 'subscribe, sign up, signup, opt in, abonnieren, abonner',
  unsubscribe: 'unsubscribe, opt out, left, leave',
  remind: 'remind, reminder, follow up, followup, nudge, erinnere, erinnern, erinnerung, rappeler, rappel',
  pin: 'pin, fix, stick, sticky',
  react: 'react, reaction, emoji, thumbs up, thumb, like, smiley',
  connect: 'link, connect, associate, association, relate, relation, tie, relationship, verknupfen, lier',
  block: 'block, blocked, depend, dependency, before, prerequisite, waits for, cant begin, cant start',
  tag: 'tag, label, category, mark, flag, etikett, etiquette',
  filter: 'filter, rule, automatically, regel',
  forward: 'forward, pass on, redirect, weiterleiten, transferer',
  escalate: 'escalate, escalation, page, acknowledge, ack',
  sort: 'sort, order, arrange, ascending, descending, sortieren, trier',
  render: 'render, export, png, svg, image, picture, screenshot, bild',
  lock: 'lock, protect, protected, only me, nobody but, sperren',
  test: 'test, preview, try, check, checks, synthetic',
  submit: 'submit, push, hand in, drop',
};

const things: Record<string, string> = {
  message: 'message, dm, post, chat, nachricht, nachrichten, messages',
  chat: 'chat, conversation, thread, dialog, discussion, back and forth, unterhaltung, gesprach',
  channel: 'channel, room, kanal, canal, group',
  mail: 'mail, email, mailbox, inbox, courriel',
  newsletter: 'newsletter, campaign, mailing, blast, kampagne, campagne',
  vacation:
    'vacation, holiday, out of office, ooo, away, absence, leave, auto reply, autoreply, autoresponder, urlaub, abwesenheit, vacances, absent',
  event:
    'event, meeting, appointment, calendar entry, booking, lunch, dinner, date, termin, termine, besprechung, reunion, rendez vous, rdv',
  calendar: 'calendar, agenda, kalender, calendrier',
  busy: 'free, busy, available, availability, freebusy, occupied, frei, libre, disponible',
  videocall: 'video call, call, meeting, conference, videocall, zoom, visio, videokonferenz',
  webinar: 'webinar, broadcast, livestream',
  recording: 'recording, recorded, video, transcript, aufnahme, aufzeichnung, enregistrement',
  guest: 'guest, attendee, participant, registrant, attend, attended, showed up, show up, who came, teilnehmer, invite',
  speaker: 'speaker, panelist, presenter, host',
  poll: 'poll, vote, survey, umfrage, sondage',
  issue: 'issue, ticket, bug, defect, story, work item, problem, feature request, fehler, probleme',
  ticket: 'ticket, support request, case, request, helpdesk, anfrage, demande',
  task: 'task, todo, to do, have to do, action item, chore, aufgabe, aufgaben, tache, taches, check box',
  subtask: 'subtask, step, steps, smaller, pieces, break down, break, split, teilaufgabe',
  checklist: 'checklist, tick, check list, items',
  sprint: 'sprint, cycle, iteration',
  backlog: 'backlog, not planned, unplanned',
  worklog: 'worklog, hours, time spent, log time, log hours, time tracking, spent',
  watcher: 'watcher, follower, watch, follow, told, hear',
  milestone: 'milestone, target',
  release: 'release, version, deploy, deployment',
  version: 'version, revision, history, earlier, previous, older, before, state, yesterday, version of, versionen, historique',
  goal: 'goal, objective, okr, ziel, objectif',
  health: 'on track, off track, at risk, risk, going, progress, how far, status',
  pr: 'pr, pull request, merge request, pullrequest',
  diff: 'diff, changed, changes, files changed, what changed',
  repo: 'repo, repository, codebase',
  branch: 'branch, base, commits',
  workflow: 'workflow, action, actions, pipeline, ci, build, job',
  file: 'file, document, doc, datei, dokument, fichier',
  folder: 'folder, directory, ordner, verzeichnis, dossier, repertoire',
  url: 'link, url, web address, address, endpoint, website, href, lien',
  public: 'public, anyone, everyone, everybody, shared link, offentlich',
  storage: 'storage, space, full, quota, speicher, espace',
  pdf: 'pdf, word, csv, format',
  spreadsheet: 'spreadsheet, sheet, workbook, excel, table, tabelle, tableur',
  tab: 'tab, worksheet',
  range: 'range, cell, cells, zelle, zellen, cellule',
  row: 'row, record, line, entry, zeile, eintrag, ligne',
  column: 'column, field, spalte, colonne, property',
  chart: 'chart, diagram, graph, plot, pie, diagramm, graphique, diagramme',
  color: 'color, colour, red, green, highlight, conditional, format, farbe, couleur',
  header: 'header, heading, freeze, top row, scroll',
  page: 'page, doc, wiki, article, seite',
  article: 'article, help text, howto, how to, knowledge base, help article, artikel, hilfe',
  blog: 'blog, blogpost, article, post',
  child: 'child, children, below, under, nested, sub',
  passage: 'passage, inline, paragraph, sentence, absatz',
  schema: 'schema, structure, tables, fields, describe, kind of object, metadata',
  database: 'database, table, datenbank',
  textblock: 'block, paragraph',
  person: 'person, people, somebody, someone, contact, user, human, kontakt, personne, jemand',
  customer: 'customer, client, buyer, kunde, kunden, clients',
  lead: 'lead, prospect, may become a customer, interessent',
  company: 'company, organization, organisation, business, account, firm, employer, firma, unternehmen, entreprise, societe',
  deal: 'deal, opportunity, sale, sales, potential sale',
  pipeline: 'pipeline, stage, stages, funnel, sales process',
  phonecall: 'phone, phone call, telephone, call, on the phone, off the phone, called, anruf, appel',
  employee: 'admin, agent, teammate, team mate, colleague, staff, mitarbeiter',
  macro: 'macro, canned, canned response, prepared answer, saved reply, snippet',
  rating: 'rating, satisfaction, score, scores, csat, happy, like, liked',
  sla: 'sla, response time, target',
  invoice: 'invoice, bill, rechnung, rechnungen, facture, factures',
  payment: 'payment, pay, paid, charge, money, card, collect, zahlung, bezahlt, paiement, payer',
  refund: 'refund, money back, reimburse, give back, ruckerstattung, remboursement, rembourser',
  subscription: 'subscription, recurring, monthly, plan, every month, abo, abonnement',
  coupon: 'coupon, discount, promo, promotion, percent, voucher, promo code, rabatt, gutschein, remise, reduction',
  balance: 'balance, funds, money in, how much money, kontostand, solde',
  supplier: 'supplier, vendor, lieferant, fournisseur',
  estimate: 'estimate, quote, offer, proposal, angebot, devis, price',
  bookkeeping: 'books, bookkeeping, accounting, journal entry, buchhaltung, comptabilite',
  profit: 'profit, loss, income, expenses, earn, earnings, make money, made money, revenue, gewinn, benefice',
  receivable: 'receivable, owe, owes, owed, overdue, unpaid, havent paid, not paid',
  assets: 'asset, assets, liabilities, equity, balance sheet, bilanz',
  cashflow: 'cash, cash flow, cashflow, liquidity',
  report: 'report, results, statistics, stats, numbers, analytics, performance, perform, how did, bericht, rapport',
  opens: 'open rate, opens, clicks, bounces, perform, performance',
  subscriber: 'subscriber, list member, audience member, abonnent, abonne',
  audience: 'audience, list, mailing list, recipients, newsletter',
  segment: 'segment, part, group, conditions',
  template: 'template, layout, vorlage, modele',
  alert: 'alert, monitor, alarm, alert rule, threshold, warn, firing',
  incident: 'incident, outage, downtime, storung, panne',
  oncall: 'oncall, on call, on duty, duty, bereitschaft, astreinte, standby',
  rota: 'schedule, rota, rotation, shift, schicht',
  override: 'override, stand in, cover, substitute, fill in, replace me, vertretung',
  maintenance: 'maintenance, upgrade, downtime, window, wartung',
  responder: 'responder, help, call in, reinforcements',
  timeline: 'timeline, log entries, step by step, what happened, happened, in order, chronology',
  log: 'log, logs, log lines, protokoll',
  metric: 'metric, time series, cpu, memory, usage, latency',
  host: 'host, server, machine, machines, servers, maschine',
  statistics: 'aggregate, count, statistics, grouped, per, group by',
  dashboard: 'dashboard, board of graphs, boards',
  board: 'board, kanban, tableau',
  card: 'card, karte, carte',
  boardlist: 'column, list',
  token: 'token, tokens, variable, variables, design token',
  component: 'component, library',
  usage: 'usage, used, using, uses, use',
  design: 'design, mockup, mock, frame, screen, layer',
  webhook: 'webhook, callback, url called, endpoint, call our, notify url',
  discussion: 'discussion, discuss',
  handin: 'file request, hand in, drop files, collect files',
  weburl: 'save url, web address, fetch url',
  place: 'place, location, ort, lieu',
};

/** What people call a kind of service, and the services of that kind that are known by name. */
const kinds: Record<string, string> = {
  'mail, email, inbox, mailbox, courriel': 'gmail, outlook, mail, fastmail',
  'newsletter, mailing, campaign': 'mailchimp, klaviyo, brevo, sendgrid',
  'dm, chat': 'slack, teams, discord, intercom',
  'calendar, appointment, meeting, lunch, dinner, termin, kalender, agenda': 'calendar, googlecalendar, outlook, calendly',
  'meeting, webinar, video call, recording': 'zoom, meet, webex, teams',
  'spreadsheet, sheet, workbook, excel, cell, cells, tabelle': 'sheets, googlesheets, excel',
  'wiki, handbook, handbuch': 'confluence, notion',
  'crm, lead, deal, opportunity, prospect': 'hubspot, salesforce, pipedrive, attio',
  'pull request, pr, repo, repository, branch, commit': 'github, gitlab, bitbucket',
  'sprint, backlog, epic': 'jira, linear',
  'helpdesk, support': 'zendesk, intercom, freshdesk',
  'on call, oncall, pager': 'pagerduty, opsgenie',
  'log, logs, metric, dashboard, latency, cpu': 'datadog, grafana, newrelic',
  'accounting, bookkeeping, books, profit, balance sheet, supplier': 'quickbooks, xero',
  'card, charge, refund, subscription, checkout': 'stripe, paypal',
  'design, mockup, prototype': 'figma, canva',
};

/** Say nothing about which tool is meant. */
const idle =
  'remember think know sure maybe thing things stuff around a an the of to in on at for from by with and or but so as is are was were be been am it its this that these those there here i im ive id me my mine myself we us our ours you your he his him she her they them their do does did doing dont doesnt didnt have has had havent hasnt can could cant cannot will would wont should shall may might must not no yes please pls plz thanks thank just now then than also too very really some any every each if when while because into onto out up down off over under want wants need needs like lets got get give go going went one two ones today tomorrow yesterday tonight week month year monday tuesday wednesday thursday friday saturday sunday morning afternoon evening am pm hello hi hey ok okay via using use der die das den dem des ein eine einen einem einer und oder in im am an auf aus bei mit von vom zu zum zur fur ist sind war ich du er sie es wir ihr mir mich mein meine meinen bitte wer hat haben le la les un une des du de d l et ou a au aux en dans pour par sur avec je tu il elle nous vous ils mon ma mes ce cette est sont avons nous s t';

/** Say that something is only looked at. */
const asks =
  'what whats which who whos whose where wheres when how show list find search look lookup read see view tell any is are did does count wer was welche wo wann wie zeige quel quels quelle quelles qui ou combien';
/** Say that something is done. */
const deeds = [
  'create',
  'draft',
  'send',
  'update',
  'rename',
  'replace',
  'delete',
  'cancel',
  'void',
  'clear',
  'move',
  'copy',
  'reply',
  'assign',
  'invite',
  'merge',
  'archive',
  'restore',
  'complete',
  'attach',
  'share',
  'approve',
  'run',
  'silence',
  'subscribe',
  'remind',
  'pin',
  'block',
  'lock',
  'submit',
];

/** The meanings of a word, or of words that stand together. */
export interface Lexicon {
  /** By stem, or by the stems of a phrase with spaces between. */
  meanings: ReadonlyMap<string, readonly string[]>;
  /** First stems of phrases: how long the longest phrase is. */
  phrases: ReadonlyMap<string, number>;
  /** Names of services of a kind, by what the kind is called. */
  kinds: ReadonlyMap<string, readonly string[]>;
  idle: ReadonlySet<string>;
  asks: ReadonlySet<string>;
  deeds: ReadonlySet<string>;
}

export const lexicon: Lexicon = readLexicon();

function readLexicon(): Lexicon {
  const meanings = new Map<string, string[]>();
  const phrases = new Map<string, number>();
  for (const [name, members] of [...Object.entries(actions), ...Object.entries(things)]) {
    for (const member of members.split(', ')) {
      const stems = member.split(' ').map(stemOf);
      const key = stems.join(' ');
      const first = stems[0] as string;
      if (stems.length > 1) phrases.set(first, Math.max(stems.length, phrases.get(first) ?? 0));
      const known = meanings.get(key);
      if (known === undefined) meanings.set(key, [`@${name}`]);
      else if (!known.includes(`@${name}`)) known.push(`@${name}`);
    }
  }
  const kindsOf = new Map<string, string[]>();
  for (const [calls, services] of Object.entries(kinds)) {
    for (const call of calls.split(', ')) {
      const stems = call.split(' ').map(stemOf);
      const key = stems.join(' ');
      kindsOf.set(key, [...(kindsOf.get(key) ?? []), ...services.split(', ').map(stemOf)]);
    }
  }
  return {
    meanings,
    phrases,
    kinds: kindsOf,
    idle: new Set(idle.split(' ')),
    asks: new Set(asks.split(' ')),
    deeds: new Set(deeds.map((name) => `@${name}`)),
  };
}

/** Words in the order of the text: lower case, without accents and apostrophes, names in camelCase taken apart. */
export function wordsOf(text: string): string[] {
  if (/^[a-z0-9_ .,:;()]*$/.test(text)) return text.match(/[a-z0-9]+/g) ?? [];
  const plain = text
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replaceAll(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll(/\be-mail/g, 'email')
    .replaceAll(/\bto-do/g, 'todo')
    .replaceAll(/\bcheck-list/g, 'checklist');
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Light stemming of English: plurals, -ing, -ed and a last e. Words of other languages mostly stay as they are. */
export function stemOf(word: string): string {
  if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
  let stem = word;
  if (stem.endsWith('ies') || stem.endsWith('ied')) stem = `${stem.slice(0, -3)}y`;
  else if (/(?:ss|x|ch|sh)es$/.test(stem)) stem = stem.slice(0, -2);
  else if (/[^su]s$/.test(stem) && !stem.endsWith('is')) stem = stem.slice(0, -1);
  const bare = /^(.*[aeiouy].*?)(?:ing|ed)$/.exec(stem)?.[1];
  if (bare !== undefined && bare.length >= 3) stem = /([^aeioulsz])\1$/.test(bare) ? bare.slice(0, -1) : bare;
  return stem.length > 3 && stem.endsWith('e') ? stem.slice(0, -1) : stem;
}
