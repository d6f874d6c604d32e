# SPDX-License-Identifier: GPL-2.0-only
# A workload for PostgreSQL: a cluster made, clients that change the same rows at once, checksums.
set -eu
export LD_PRELOAD=/soak/bin/postgresql.so
export PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin PGHOST=$PWD PGDATABASE=postgres PGUSER=soak
quiet() { "$@" > said 2>&1 || { cat said >&2; exit 1; }; }
quiet initdb -D data -U soak -A trust -E UTF8 --no-locale -k --no-sync
quiet pg_ctl -D data -w -t 600 -l log -o "-k $PWD -c listen_addresses= -c fsync=off" start
quiet pgbench -i -I dt -q
psql -AtXq <<'SQL'
INSERT INTO pgbench_branches VALUES (1, 0);
INSERT INTO pgbench_tellers SELECT n, 1, 0 FROM generate_series(1, 10) n;
INSERT INTO pgbench_accounts SELECT n, 1, 0, 'account ' || n FROM generate_series(1, 2000) n;
SQL
quiet pgbench -i -I vp -q
cat > change <<'SQL'
\set aid random(1, 2000)
\set tid random(1, 10)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = 1;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, 1, :aid, :delta, now());
END;
SQL
quiet pgbench -n -f change -c 4 -j 2 -t 15 --random-seed=42
psql -AtX <<'SQL'
SELECT count(*), sum(delta), count(DISTINCT tid) FROM pgbench_history;
SELECT sum(abalance), md5(string_agg(aid || ':' || abalance, ',' ORDER BY aid)) FROM pgbench_accounts;
SELECT md5(string_agg(tid || ':' || tbalance, ',' ORDER BY tid)) FROM pgbench_tellers;
SELECT bbalance FROM pgbench_branches;
SELECT round(exp(1.5)::numeric, 12), sqrt(2::numeric), to_char(date '2026-11-29', 'Day DD Month');
SELECT regexp_replace(proname, '[_0-9].*', '') COLLATE "C" AS a, count(*) FROM pg_proc GROUP BY a
  ORDER BY 2 DESC, 1 LIMIT 5;
DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN RAISE NOTICE 'caught'; END $$;
SQL
quiet pg_ctl -D data -w -t 600 -m fast stop
pg_checksums -D data --check | grep Bad
rm -rf data log said change
