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
SELECT DISTINCT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex HAVING COUNT(DISTINCT pid) = 1

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex ORDER BY 2

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex LIMIT 1

-- sql-not-offered
WITH t AS (SELECT * FROM ndb.patients) SELECT COUNT(DISTINCT pid) FROM t

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM (SELECT pid FROM ndb.patients) t

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE pid IN (SELECT pid FROM ndb.claims)

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients UNION SELECT COUNT(DISTINCT pid) FROM ndb.claims

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients, ndb.claims

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients LEFT JOIN ndb.claims USING (pid)

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients CROSS JOIN ndb.claims

-- sql-not-offered
SELECT COUNT(DISTINCT p.pid) FROM ndb.patients p JOIN kaigo.recipients r ON p.birth_ym = r.birth_ym

-- sql-not-offered
SELECT COUNT(DISTINCT a.pid) FROM ndb.claims a JOIN ndb.claims b USING (pid)

-- sql-not-offered
SELECT COUNT(pid) FROM ndb.patients

-- sql-not-offered
SELECT COUNT(DISTINCT sex) FROM ndb.patients

-- sql-not-offered
SELECT MAX(points) FROM ndb.claims

-- sql-not-offered
SELECT MIN(points), COUNT(DISTINCT pid) FROM ndb.claims

-- sql-not-offered
SELECT SUM(points * 2) FROM ndb.claims

-- sql-not-offered
SELECT SUM(DISTINCT points) FROM ndb.claims

-- sql-not-offered
SELECT AVG(CASE WHEN sex = 1 THEN points ELSE 0 END) FROM ndb.claims JOIN ndb.patients USING (pid)

-- sql-not-offered
SELECT SUM(points) FILTER (WHERE ym = 202404) FROM ndb.claims

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) OVER (PARTITION BY sex) FROM ndb.patients GROUP BY sex

-- sql-not-offered
SELECT STDDEV(points) FROM ndb.claims

-- sql-not-offered
SELECT birth_ym / 100, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY birth_ym / 100

-- sql-not-offered
SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY ROLLUP (sex)

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE birth_ym % 2 = 0

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE sex = pref

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE sex IS NULL

-- sql-not-offered
SELECT COUNT(DISTINCT pid) FROM ndb.claims WHERE icd10 LIKE '%1'

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

-- column-use
SELECT pid, COUNT(*) FROM ndb.claims GROUP BY pid

-- column-use
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE pid = 'P000000123'

-- column-use
SELECT facility_id, COUNT(DISTINCT pid) FROM ndb.claims GROUP BY facility_id

-- column-use
SELECT points, COUNT(DISTINCT pid) FROM ndb.claims GROUP BY points

-- column-use
SELECT COUNT(DISTINCT pid) FROM ndb.claims WHERE points > 99999

-- column-use
SELECT SUM(sex) FROM ndb.patients

-- column-use
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
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE pref IN (1, 48)

-- literal-outside-domain
SELECT COUNT(DISTINCT pid) FROM ndb.claims WHERE icd10 = 'Z99'

-- literal-outside-domain
SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE sex = '1'

-- literal-outside-domain
SELECT COUNT(DISTINCT pid) FROM ndb.claims WHERE ym = 202501

-- name-unknown
SELECT COUNT(*) FROM ndb.patients WHERE guest.none(sex) = 'young'

-- name-unknown
SELECT guest.none(sex), COUNT(*) FROM ndb.patients GROUP BY guest.none(sex)

-- name-unknown
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, insured_number) = 'young'

-- name-unknown
SELECT COUNT(*) FROM guest.band

-- literal-outside-domain
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) = 'ancient'

-- literal-outside-domain
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) IN ('young', NULL)

-- literal-outside-domain
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) <> ''

-- literal-outside-domain
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) = 1

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
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym + 1, sex) = 'young'

-- sql-not-offered
SELECT SUM(guest.band(birth_ym, sex)) FROM ndb.patients

-- sql-not-offered
SELECT COUNT(DISTINCT guest.band(birth_ym, sex)) FROM ndb.patients

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) IS NULL

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) = guest.band(birth_ym, 2)

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE guest.band(birth_ym, sex) LIKE 'y%'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE "guest".band(birth_ym, sex) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE catalog.guest.band(birth_ym, sex) = 'young'

-- sql-not-offered
SELECT COUNT(*) FROM ndb.patients WHERE band(birth_ym, sex) = 'young'

-- sql-not-offered
SELECT guest.band(birth_ym, sex), COUNT(*) FROM ndb.patients
