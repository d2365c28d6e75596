// A stopped server's database, from outside: Python's own SQLite, which is there because its Socket.IO client is.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const PYTHON = '/usr/bin/python3';
const program = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.row_factory = sqlite3.Row
rows = []
for text, arguments in json.loads(sys.argv[2]):
    rows = [dict(it) for it in db.execute(text, arguments)]
db.commit()
db.close()
print(json.dumps(rows))
`;

// Runs each [text, arguments] in one transaction; the rows of the last.
export async function inDatabase(folder, ...statements) {
  const file = path.join(folder, 'headway.db');
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', program, file, JSON.stringify(statements.map(([text, ...more]) => [text, more]))]);
  return JSON.parse(stdout);
}

// µs since 1970, as the tables have it.
export const daysAgo = (days) => (Date.now() - days * 86400e3) * 1000;
