import { describe, expect, it } from 'vitest';
import { bare, classesIn, functionsIn, inBrackets, parts, textLiteral } from './python.ts';

const source = `
class Things(Base):
    """A class whose documentation has client.get("/nowhere")."""

    def one(self, thing_id: ThingId, *, limit: int | None = None, names: dict[str, Any] = {}) -> Thing:
        # client.get("/nowhere/either")
        return self.client.get(f"/things/{int(thing_id)}", params={"limit": limit, "text": ")"})

    async def two(self) -> None:
        pass


def apart(value: str) -> str:
    return value


LAST = 1
`;

describe('Python read as text', () => {
  it('functions come with their annotations, and end where the next thing begins', () => {
    const [things] = classesIn(bare(source));
    expect(things).toMatchObject({ name: 'Things', bases: 'Base' });
    const [one, two] = functionsIn(things?.body ?? '', 4);
    expect([...(one?.args ?? [])]).toEqual([
      ['thing_id', 'ThingId'],
      ['limit', 'int | None'],
      ['names', 'dict[str, Any]'],
    ]);
    expect(one?.body).not.toContain('nowhere');
    expect(one?.body).not.toContain('pass');
    expect(two?.name).toBe('two');
    const own = functionsIn(bare(source), 0);
    expect(own.map(({ name, body }) => [name, body.trim()])).toEqual([['apart', 'return value']]);
  });

  it('brackets and separators in texts are text', () => {
    const call = 'get(f"/things/{int(thing_id)}", params={"limit": limit, "text": ")"}) + 1';
    expect(inBrackets(call, 3)).toBe('f"/things/{int(thing_id)}", params={"limit": limit, "text": ")"}');
    expect(parts(inBrackets(call, 3), ',')).toEqual(['f"/things/{int(thing_id)}"', 'params={"limit": limit, "text": ")"}']);
  });

  it.each([
    ['"/things"', '/things'],
    ['f"/things/{int(thing_id)}/parts/{self._part_id}"', '/things/{thing_id}/parts/{part_id}'],
    ['path_of(thing)', undefined],
  ])('%s is a text, or it is not', (literal, text) => {
    expect(textLiteral(literal)).toBe(text);
  });
});
