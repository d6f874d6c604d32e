-- SPDX-License-Identifier: GPL-2.0-only
-- A workload for sqlite3's shell: a file, transactions, indexes, joins, window functions.
PRAGMA page_size = 1024;
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INTEGER);
CREATE TABLE kind (id INTEGER PRIMARY KEY, title TEXT UNIQUE);
BEGIN;
INSERT INTO kind SELECT value, 'kind ' || value FROM generate_series(1, 7);
INSERT INTO item
  SELECT value, printf('item-%04d', value * 7919 % 1009), value * 1.25 / 3, value % 7 + 1
  FROM generate_series(1, 250);
COMMIT;
CREATE INDEX by_name ON item (name);
SELECT kind.title, count(*), round(sum(price), 6), min(name), max(name)
  FROM item JOIN kind ON kind.id = item.kind GROUP BY kind.id ORDER BY 3 DESC;
SELECT name, price, rank() OVER (PARTITION BY kind ORDER BY price DESC) AS r
  FROM item WHERE name BETWEEN 'item-0100' AND 'item-0200' ORDER BY name;
WITH RECURSIVE fib(a, b, n) AS (SELECT 0, 1, 1 UNION ALL SELECT b, a + b, n + 1 FROM fib WHERE n < 60)
  SELECT group_concat(a) FROM fib;
UPDATE item SET price = price * 1.1 WHERE kind IN (SELECT id FROM kind WHERE title LIKE '%3');
DELETE FROM item WHERE id % 5 = 0;
SELECT hex(substr(name, 1, 4)), abs(price - 10), upper(name), json_object('n', name, 'p', price)
  FROM item WHERE id < 40;
BEGIN;
DELETE FROM item;
ROLLBACK;
SELECT count(*), total(price), avg(price) FROM item;
PRAGMA integrity_check;
VACUUM;
