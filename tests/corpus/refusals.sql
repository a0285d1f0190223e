-- Refusals that are decided on the plan: `-- code`, then one query, then an empty line. No answer here may depend on the data.

-- sql-unreadable
SELECT COUNT(DISTINCT pid FROM ndb.patients

-- sql-unreadable
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex WHERE

-- sql-not-offered
SELECT * FROM ndb.patients

-- sql-not-offered
SELECT sex FROM ndb.patients GROUP BY sex

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex HAVING COUNT(DISTINCT pid) = 1

-- name-unknown
SELECT COUNT(DISTINCT pid) FROM ndb.patients, ndb.claims

-- name-unknown
SELECT COUNT(DISTINCT pid) FROM ndb.patients CROSS JOIN ndb.claims

-- sql-not-offered
SELECT COUNT(DISTINCT p.pid) FROM ndb.patients p JOIN kaigo.recipients r ON p.birth_ym = r.birth_ym

-- sql-not-offered
SELECT MAX(points) FROM ndb.claims

-- sql-not-offered
SELECT MIN(points), COUNT(DISTINCT pid) FROM ndb.claims

-- sql-not-offered
SELECT SUM(DISTINCT points) FROM ndb.claims

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) OVER (PARTITION BY sex) FROM ndb.patients GROUP BY sex

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE birth_ym % 2 = 0

-- sql-not-offered
DROP TABLE ndb.patients

-- sql-not-offered
EXPLAIN ANALYZE SELECT COUNT(DISTINCT pid) FROM ndb.patients

-- sql-not-offered
COPY ndb.patients TO 'x.csv'

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients; SELECT COUNT(DISTINCT pid) FROM ndb.claims

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM read_csv('x.csv')

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients TABLESAMPLE BERNOULLI (1)

-- sql-not-offered
SELECT pid, COUNT(*) FROM ndb.claims GROUP BY pid

-- column-use
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE pid = 'P000000123'

-- column-use
SELECT facility_id, COUNT(DISTINCT pid) FROM ndb.claims GROUP BY facility_id

-- column-use
SELECT points, COUNT(DISTINCT pid) FROM ndb.claims GROUP BY points

-- sql-not-offered
SELECT AVG(pid) FROM ndb.patients

-- name-unknown
SELECT kana, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY kana

-- name-unknown
SELECT COUNT(DISTINCT pid) FROM ndb.deaths

-- name-unknown
SELECT COUNT(DISTINCT pid) FROM omop.persons

-- name-unknown
SELECT COUNT(DISTINCT pid) FROM information_schema.tables

-- name-unknown
SELECT COUNT(DISTINCT insured_number) FROM ndb.patients

-- name-unknown
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients JOIN kaigo.recipients USING (pid) GROUP BY sex

-- literal-outside-domain
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE sex = 3

-- literal-outside-domain
SELECT COUNT(DISTINCT pid) FROM ndb.claims WHERE icd10 = 'Z99'

-- literal-outside-domain
SELECT COUNT(DISTINCT pid) FROM ndb.claims WHERE ym = 202501

-- name-unknown
SELECT COUNT(*) FROM ndb.patients WHERE guest.none(sex) = 'young'

-- name-unknown
SELECT guest.none(sex), COUNT(*) FROM ndb.patients GROUP BY guest.none(sex)

-- name-unknown
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, insured_number) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM guest.band

-- literal-outside-domain
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) = 'ancient'

-- literal-outside-domain
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) <> ''

-- column-use
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(pid, sex) = 'young'

-- column-use
SELECT COUNT(*) FROM ndb.claims WHERE guest.kin(facility_id, points) = 'other'

-- column-use
SELECT COUNT(*) FROM ndb.claims WHERE guest.kin(points, points) = 'other'

-- column-use
SELECT COUNT(*) FROM ndb.claims WHERE guest.band(icd10, ym) = 'young'

-- column-use
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, 'm') = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(sex) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(*) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, guest.band(birth_ym, sex)) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.claims WHERE guest.kin(substr(icd10, 1, 2), points) = 'other'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band((SELECT AVG(points) FROM ndb.claims), sex) = 'young'

-- sql-not-offered
SELECT SUM(guest.band(birth_ym, sex)) FROM ndb.patients

-- sql-not-offered
SELECT COUNT(DISTINCT guest.band(birth_ym, sex)) FROM ndb.patients

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE "guest".band(birth_ym, sex) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE catalog.guest.band(birth_ym, sex) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE band(birth_ym, sex) = 'young'

-- sql-not-offered
SELECT guest.band(birth_ym, sex), COUNT(*) FROM ndb.patients

-- sql-not-offered
SELECT * FROM patients

-- sql-not-offered
SELECT pid FROM patients

-- sql-not-offered
SELECT pid, COUNT(*) FROM patients GROUP BY pid

-- sql-not-offered
SELECT sex FROM patients GROUP BY sex

-- sql-not-offered
SELECT DISTINCT sex FROM patients

-- sql-not-offered
SELECT DISTINCT birth_ym, sex, pref FROM patients

-- column-use
SELECT COUNT(*) FROM patients WHERE pid = 'P000000123'

-- column-use
SELECT COUNT(*) FROM patients WHERE pid <> 'P000000123'

-- column-use
SELECT COUNT(*) FROM patients WHERE pid IN ('P000000123')

-- column-use
SELECT COUNT(*) FROM patients WHERE pid LIKE 'P%'

-- column-use
SELECT COUNT(*) FROM patients WHERE pid > 'P'

-- column-use
SELECT COUNT(*) FROM patients WHERE substr(pid, 1, 3) = 'P00'

-- column-use
SELECT substr(pid, 1, 6) AS g, COUNT(*) FROM claims GROUP BY 1

-- column-use
SELECT COUNT(DISTINCT pid || ym) FROM claims

-- column-use
SELECT SUM(CASE WHEN pid = 'P000000123' THEN points ELSE 0 END) FROM claims

-- column-use
SELECT AVG(points + 0.000001 * CAST(substr(pid, 2, 9) AS DOUBLE)) FROM claims

-- column-use
SELECT COUNT(*) FROM claims WHERE facility_id = 'F1'

-- column-use
SELECT facility_id, COUNT(*) FROM claims GROUP BY facility_id

-- sql-not-offered
SELECT COUNT(*) FROM patients GROUP BY pid

-- sql-not-offered
SELECT icd10, COUNT(*) FROM claims GROUP BY icd10, pid

-- sql-not-offered
SELECT MAX(pid) FROM patients

-- sql-not-offered
SELECT SUM(DISTINCT points) FROM claims

-- sql-not-offered
SELECT MAX(points) FROM claims

-- sql-not-offered
SELECT MIN(points) FROM claims

-- sql-not-offered
SELECT FIRST_VALUE(points) FROM claims

-- sql-not-offered
SELECT ARRAY_AGG(points) FROM claims

-- sql-not-offered
SELECT STRING_AGG(icd10, ',') FROM claims

-- sql-not-offered
SELECT BIT_XOR(points) FROM claims

-- sql-not-offered
SELECT BOOL_OR(points > 5) FROM claims

-- sql-not-offered
SELECT unnest(array_agg(points)) FROM claims

-- sql-not-offered
SELECT APPROX_DISTINCT(pid) FROM claims

-- sql-not-offered
SELECT PERCENTILE_CONT(0.999) WITHIN GROUP (ORDER BY points) FROM claims

-- sql-not-offered
SELECT 1

-- sql-not-offered
SELECT COUNT(*)

-- sql-not-offered
SELECT COUNT(*) FROM patients, claims

-- sql-not-offered
SELECT COUNT(*) FROM patients CROSS JOIN claims

-- sql-not-offered
SELECT COUNT(*) FROM patients NATURAL JOIN claims

-- sql-not-offered
SELECT COUNT(*) FROM patients FULL JOIN claims USING (pid)

-- sql-not-offered
SELECT COUNT(*) FROM patients p JOIN claims c ON true

-- sql-not-offered
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid = p.pid

-- column-use
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid <> c.pid

-- sql-not-offered
SELECT COUNT(*) FROM patients p JOIN claims c ON p.sex = c.ym

-- sql-not-offered
SELECT COUNT(*) FROM patients p JOIN claims c ON CASE WHEN p.pref = 31 THEN true ELSE c.pid = p.pid END

-- column-use
SELECT COUNT(*) FROM patients JOIN (VALUES ('P000000123')) AS v(k) ON patients.pid = v.k

-- column-use
SELECT COUNT(*) FROM patients WHERE pid IN (SELECT k FROM (VALUES ('P000000123')) AS v(k))

-- sql-not-offered
SELECT COUNT(*) FROM (VALUES (1)) AS v(k) LEFT JOIN patients ON true

-- sql-not-offered
SELECT COUNT(*) FROM generate_series(1,10)

-- sql-not-offered
SELECT * FROM read_csv('/proc/self/environ')

-- sql-not-offered
SELECT COUNT(*) FROM patients TABLESAMPLE BERNOULLI (10)

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE EXISTS (SELECT 1 FROM claims)

-- sql-not-offered
SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM claims c WHERE c.ym = 202404)

-- sql-not-offered
SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM claims c WHERE c.pid = p.pid OR c.ym = 202404)

-- sql-not-offered
SELECT COUNT(*) FROM claims WHERE icd10 IN (SELECT icd10 FROM claims WHERE points > 100000)

-- sql-not-offered
SELECT sex, (SELECT MAX(points) FROM claims c WHERE c.pid = p.pid) FROM patients p

-- sql-not-offered
SELECT sex, COUNT(*) FROM patients GROUP BY sex ORDER BY (SELECT points FROM claims LIMIT 1)

-- sql-not-offered
SELECT COUNT(*) FROM (SELECT pid FROM patients LIMIT 5)

-- sql-not-offered
SELECT COUNT(*) FROM (SELECT pid FROM patients ORDER BY birth_ym LIMIT 5)

-- sql-not-offered
SELECT COUNT(*) FROM (SELECT DISTINCT sex FROM patients)

-- sql-not-offered
SELECT COUNT(*) FROM (SELECT DISTINCT ON (sex) sex, pid FROM patients)

-- sql-not-offered
SELECT AVG(r) FROM (SELECT pid, row_number() OVER (ORDER BY points) AS r FROM claims)

-- sql-not-offered
SELECT pid, row_number() OVER (ORDER BY points DESC) AS r FROM claims

-- sql-not-offered
SELECT AVG(points) OVER () FROM claims

-- sql-not-offered
SELECT sex FROM patients UNION ALL SELECT pref FROM patients

-- sql-not-offered
SELECT COUNT(*) FROM (SELECT pid, sex FROM patients UNION ALL SELECT 'P1', 1)

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE sex % 2 = 1

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE mod(birth_ym, 7) = 1

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE random() < 0.5

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE now() > '2024-01-01'

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE md5('a') = 'b'

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE sex & 1 = 1

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE birth_ym - birth_ym / 199 * 199 < 100

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE birth_ym * 7919 - floor(birth_ym * 7919 / 199.0) * 199 < 100

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE (birth_ym * 7919 + pref * 104729) / 199 * 199 <> birth_ym * 7919 + pref * 104729

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE month_of(birth_ym * 7919) = 3

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE CAST(birth_ym AS VARCHAR) LIKE '%3'

-- sql-not-offered
SELECT COUNT(*) FROM patients WHERE substr(CAST(birth_ym AS VARCHAR), 6, 1) = '3'

-- sql-not-offered
SELECT SUM(power(2, sex * 4)) FROM patients

-- sql-not-offered
SELECT SUM(exp(pref)) FROM patients

-- sql-not-offered
SELECT COUNT(*) FROM claims WHERE icd10 ILIKE 'e1%'

-- sql-not-offered
SELECT COUNT(*) FROM claims WHERE icd10 SIMILAR TO 'E1%'

-- sql-not-offered
SELECT COUNT(*) FROM claims WHERE icd10 LIKE 'E1%' ESCAPE '!'

-- column-use
SELECT points, COUNT(*) FROM claims GROUP BY points

-- column-use
SELECT points / 10, COUNT(*) FROM claims GROUP BY 1

-- column-use
SELECT s, COUNT(*) FROM (SELECT pid, SUM(points) AS s FROM claims GROUP BY pid) GROUP BY s

-- sql-not-offered
SELECT sex, COUNT(*) FROM patients GROUP BY ALL

-- sql-not-offered
SELECT pref, COUNT(*) FROM patients GROUP BY sex

-- sql-not-offered
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING COUNT(*) BETWEEN 1 AND 3

-- sql-not-offered
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING COUNT(DISTINCT pid) < 10

-- sql-not-offered
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING COUNT(DISTINCT pid) = 1

-- sql-not-offered
SELECT n FROM (SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex) WHERE n IN (1, 2)

-- sql-not-offered
SELECT sex, COUNT(*) FROM patients GROUP BY sex FETCH FIRST 1 ROW ONLY

-- sql-not-offered
SELECT TOP 1 COUNT(*) FROM patients

-- sql-not-offered
SELECT COUNT(*) INTO t FROM patients

-- sql-not-offered
SELECT COUNT(*) FROM patients QUALIFY 1 = 1

-- sql-not-offered
SELECT COUNT(*) FROM patients FOR UPDATE

-- sql-not-offered
SELECT COUNT(*) AS "Robert'); --" FROM patients

-- sql-not-offered
SELECT COUNT(*) AS note FROM patients

-- sql-not-offered
SELECT COUNT(*) AS n, COUNT(DISTINCT pid) AS n FROM patients

-- sql-not-offered
WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT i, (SELECT COUNT(*) FROM patients WHERE birth_ym = i) FROM t

-- sql-not-offered
VALUES (1)

-- sql-unreadable
TABLE patients

-- sql-not-offered
SELECT COUNT(*) FROM patients; SELECT COUNT(*) FROM claims

-- sql-not-offered
EXPLAIN SELECT COUNT(*) FROM patients

-- sql-not-offered
EXPLAIN ANALYZE SELECT COUNT(*) FROM patients

-- sql-not-offered
SET a = 1

-- sql-not-offered
SHOW TABLES

-- sql-not-offered
CREATE TABLE t AS SELECT COUNT(*) FROM patients

-- sql-not-offered
CREATE EXTERNAL TABLE e STORED AS PARQUET LOCATION 's3://x/y.parquet'

-- sql-not-offered
COPY patients TO 'x.csv'

-- sql-not-offered
DROP TABLE patients

-- sql-not-offered
INSERT INTO patients VALUES (1)

-- name-unknown
SELECT COUNT(*) FROM information_schema.tables

-- name-unknown
SELECT * FROM information_schema.df_settings

-- name-unknown
SELECT COUNT(*) FROM a.b.patients

-- name-unknown
SELECT COUNT(*) FROM 'file.parquet'

-- name-unknown
SELECT COUNT(*) FROM "Patients"

-- sql-not-offered
SELECT public.count(*) FROM patients

-- name-unknown
SELECT sex, COUNT(*) FROM patients JOIN recipients USING (pid) GROUP BY sex

-- sql-not-offered
SELECT COUNT(*) FROM patients, LATERAL (SELECT * FROM claims WHERE claims.pid = patients.pid)

-- column-use
SELECT GREATEST(pid, 'a'), COUNT(*) FROM patients GROUP BY 1

-- column-use
SELECT CASE WHEN COUNT(*) > 5 THEN pid END FROM patients GROUP BY pid
