// client.ts - a client of the server's types, as its description makes them: node client.js URL TOKEN
//
// It compiles only if the description has the operations, fields and codes that it uses, and it ends
// well only if the server answers as the types say.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './api';

const [baseUrl, token] = process.argv.slice(2);
const { GET, POST, PATCH, PUT, DELETE } = createClient<paths>({ baseUrl });
const headers = { Authorization: `Bearer ${token}` };
type Comment = components['schemas']['comment'];
type Action = components['schemas']['action'];

const posted = await POST('/api/v1/comments', {
  params: { header: { 'Idempotency-Key': 'one' } },
  body: { content_id: '1', body: 'Primeiro post!', author: { name: 'Guilherme' } },
});
assert.equal(posted.response.status, 201);
const made: Comment = posted.data!;
const edit = { Authorization: `Bearer ${posted.data!.edit_token}` };
const path = { id: made.id };

const edited = await PATCH('/api/v1/comments/{id}', {
  params: { path },
  body: { body: 'Primeiro *post*!' },
  headers: edit,
});
assert.equal(edited.data?.body_html, '<p>Primeiro <em>post</em>!</p>\n');
assert.equal((await PUT('/api/v1/comments/{id}/vote', { params: { path } })).data?.votes, 1);

const list = await GET('/api/v1/comments', { params: { query: { content_id: '1', sort: 'top' } } });
const names: string[] = list.data!.items.map((item: Comment) => item.author.name);
assert.deepEqual(names, ['Guilherme']);
assert.equal(list.data!.next, null);

const refused = await POST('/api/v1/comments', { body: { content_id: '1', body: ' ' } });
const code: components['schemas']['code'] | undefined = refused.error?.code;
assert.equal(code, 'validation');

const nobody = await GET('/api/v1/moderation/actions');
assert.equal(nobody.response.status, 401);
assert.equal(nobody.error?.code, 'unauthenticated');
const locked = await PATCH('/api/v1/contents/{content_id}', {
  params: { path: { content_id: '1' } },
  body: { status: 'locked', reason: 'It gets heated.' },
  headers,
});
assert.equal(locked.data?.status, 'locked');
const actions = await GET('/api/v1/moderation/actions', {
  params: { query: { content_id: '1', limit: 1 } },
  headers,
});
const [latest]: Action[] = actions.data!.items;
assert.deepEqual([latest.by, latest.reason, latest.status], ['moderator', 'It gets heated.', 'locked']);

const removed = await DELETE('/api/v1/comments/{id}', { params: { path }, headers });
assert.equal(removed.response.status, 204);
