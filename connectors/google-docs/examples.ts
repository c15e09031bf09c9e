export const id = '1mAdeUp-Document-Id_of_the_Memo_001';

const run = (startIndex: number, content: string) => ({
  startIndex,
  endIndex: startIndex + content.length,
  textRun: { content, textStyle: {} },
});
const paragraph = (startIndex: number, content: string, namedStyleType: string, bullet?: object) => ({
  startIndex,
  endIndex: startIndex + content.length,
  paragraph: {
    elements: [run(startIndex, content)],
    paragraphStyle: { namedStyleType, direction: 'LEFT_TO_RIGHT' },
    ...(bullet === undefined ? {} : { bullet }),
  },
});

/** A document as Google documents it, with invented values. */
export const memo = {
  title: 'Investment memo: Lumen Labs',
  revisionId: 'made-up-revision-7',
  documentId: id,
  tabs: [
    {
      tabProperties: { tabId: 't.0', title: 'Memo', index: 0 },
      documentTab: {
        body: {
          content: [
            { endIndex: 1, sectionBreak: { sectionStyle: { columnSeparatorStyle: 'NONE', sectionType: 'CONTINUOUS' } } },
            paragraph(1, 'Lumen Labs\n', 'HEADING_1'),
            paragraph(12, 'We propose to invest 2.5 m.\n', 'NORMAL_TEXT'),
            paragraph(40, 'Revenue is up 14 %\n', 'NORMAL_TEXT', { listId: 'kix.madeup', textStyle: {} }),
            paragraph(59, 'Churn is flat\n', 'NORMAL_TEXT', { listId: 'kix.madeup', textStyle: {} }),
          ],
        },
        documentStyle: { pageSize: { height: { magnitude: 841.9, unit: 'PT' }, width: { magnitude: 595.3, unit: 'PT' } } },
      },
    },
  ],
};

/** The same, asked for its ends alone. */
export const memoEnds = {
  revisionId: memo.revisionId,
  documentId: id,
  tabs: memo.tabs.map(({ tabProperties, documentTab }) => ({
    tabProperties,
    documentTab: { body: { content: documentTab.body.content.map(({ endIndex }) => ({ endIndex })) } },
  })),
};

/** What every change answers. */
export const changed = { documentId: id, replies: [{}], writeControl: { requiredRevisionId: 'made-up-revision-8' } };
export const changedGives = { revision_id: 'made-up-revision-8' };
