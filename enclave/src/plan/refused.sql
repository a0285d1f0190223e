-- one a line; each asks for what the language does not have, or for a person
SELECT * FROM patients
SELECT pid FROM patients
SELECT pid, COUNT(*) FROM patients GROUP BY pid
SELECT sex FROM patients GROUP BY sex
SELECT DISTINCT sex FROM patients
SELECT DISTINCT birth_ym, sex, pref FROM patients
SELECT COUNT(*) FROM patients WHERE pid = 'P000000123'
SELECT COUNT(*) FROM patients WHERE pid <> 'P000000123'
SELECT COUNT(*) FROM patients WHERE pid IN ('P000000123')
SELECT COUNT(*) FROM patients WHERE pid LIKE 'P%'
SELECT COUNT(*) FROM patients WHERE pid > 'P'
SELECT COUNT(*) FROM patients WHERE substr(pid, 1, 3) = 'P00'
SELECT substr(pid, 1, 6) AS g, COUNT(*) FROM claims GROUP BY 1
SELECT COUNT(DISTINCT pid || ym) FROM claims
SELECT SUM(CASE WHEN pid = 'P000000123' THEN points ELSE 0 END) FROM claims
SELECT AVG(points + 0.000001 * CAST(substr(pid, 2, 9) AS DOUBLE)) FROM claims
SELECT COUNT(*) FROM claims WHERE facility_id = 'F1'
SELECT facility_id, COUNT(*) FROM claims GROUP BY facility_id
SELECT COUNT(*) FROM patients GROUP BY pid
SELECT icd10, COUNT(*) FROM claims GROUP BY icd10, pid
SELECT MAX(pid) FROM patients
SELECT SUM(DISTINCT points) FROM claims
SELECT MAX(points) FROM claims
SELECT MIN(points) FROM claims
SELECT FIRST_VALUE(points) FROM claims
SELECT ARRAY_AGG(points) FROM claims
SELECT STRING_AGG(icd10, ',') FROM claims
SELECT BIT_XOR(points) FROM claims
SELECT BOOL_OR(points > 5) FROM claims
SELECT unnest(array_agg(points)) FROM claims
SELECT APPROX_DISTINCT(pid) FROM claims
SELECT PERCENTILE_CONT(0.999) WITHIN GROUP (ORDER BY points) FROM claims
SELECT 1
SELECT COUNT(*)
SELECT COUNT(*) FROM patients, claims
SELECT COUNT(*) FROM patients CROSS JOIN claims
SELECT COUNT(*) FROM patients NATURAL JOIN claims
SELECT COUNT(*) FROM patients FULL JOIN claims USING (pid)
SELECT COUNT(*) FROM patients p JOIN claims c ON true
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid = p.pid
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid <> c.pid
SELECT COUNT(*) FROM patients p JOIN claims c ON p.sex = c.ym
SELECT COUNT(*) FROM patients p JOIN claims c ON CASE WHEN p.pref = 31 THEN true ELSE c.pid = p.pid END
SELECT COUNT(*) FROM patients JOIN (VALUES ('P000000123')) AS v(k) ON patients.pid = v.k
SELECT COUNT(*) FROM patients WHERE pid IN (SELECT k FROM (VALUES ('P000000123')) AS v(k))
SELECT COUNT(*) FROM (VALUES (1)) AS v(k) LEFT JOIN patients ON true
SELECT COUNT(*) FROM generate_series(1,10)
SELECT * FROM read_csv('/proc/self/environ')
SELECT COUNT(*) FROM patients TABLESAMPLE BERNOULLI (10)
SELECT COUNT(*) FROM patients WHERE EXISTS (SELECT 1 FROM claims)
SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM claims c WHERE c.ym = 202404)
SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM claims c WHERE c.pid = p.pid OR c.ym = 202404)
SELECT COUNT(*) FROM claims WHERE icd10 IN (SELECT icd10 FROM claims WHERE points > 100000)
SELECT sex, (SELECT MAX(points) FROM claims c WHERE c.pid = p.pid) FROM patients p
SELECT sex, COUNT(*) FROM patients GROUP BY sex ORDER BY (SELECT points FROM claims LIMIT 1)
SELECT COUNT(*) FROM (SELECT pid FROM patients LIMIT 5)
SELECT COUNT(*) FROM (SELECT pid FROM patients ORDER BY birth_ym LIMIT 5)
SELECT COUNT(*) FROM (SELECT DISTINCT sex FROM patients)
SELECT COUNT(*) FROM (SELECT DISTINCT ON (sex) sex, pid FROM patients)
SELECT AVG(r) FROM (SELECT pid, row_number() OVER (ORDER BY points) AS r FROM claims)
SELECT pid, row_number() OVER (ORDER BY points DESC) AS r FROM claims
SELECT AVG(points) OVER () FROM claims
SELECT sex FROM patients UNION ALL SELECT pref FROM patients
SELECT COUNT(*) FROM (SELECT pid, sex FROM patients UNION ALL SELECT 'P1', 1)
SELECT COUNT(*) FROM patients WHERE sex % 2 = 1
SELECT COUNT(*) FROM patients WHERE mod(birth_ym, 7) = 1
SELECT COUNT(*) FROM patients WHERE random() < 0.5
SELECT COUNT(*) FROM patients WHERE now() > '2024-01-01'
SELECT COUNT(*) FROM patients WHERE md5('a') = 'b'
SELECT COUNT(*) FROM patients WHERE sex & 1 = 1
SELECT COUNT(*) FROM patients WHERE birth_ym - birth_ym / 199 * 199 < 100
SELECT COUNT(*) FROM patients WHERE birth_ym * 7919 - floor(birth_ym * 7919 / 199.0) * 199 < 100
SELECT COUNT(*) FROM patients WHERE (birth_ym * 7919 + pref * 104729) / 199 * 199 <> birth_ym * 7919 + pref * 104729
SELECT COUNT(*) FROM patients WHERE month_of(birth_ym * 7919) = 3
SELECT COUNT(*) FROM patients WHERE CAST(birth_ym AS VARCHAR) LIKE '%3'
SELECT COUNT(*) FROM patients WHERE substr(CAST(birth_ym AS VARCHAR), 6, 1) = '3'
SELECT SUM(power(2, sex * 4)) FROM patients
SELECT SUM(exp(pref)) FROM patients
SELECT COUNT(*) FROM claims WHERE icd10 ILIKE 'e1%'
SELECT COUNT(*) FROM claims WHERE icd10 SIMILAR TO 'E1%'
SELECT COUNT(*) FROM claims WHERE icd10 LIKE 'E1%' ESCAPE '!'
SELECT points, COUNT(*) FROM claims GROUP BY points
SELECT points / 10, COUNT(*) FROM claims GROUP BY 1
SELECT s, COUNT(*) FROM (SELECT pid, SUM(points) AS s FROM claims GROUP BY pid) GROUP BY s
SELECT sex, COUNT(*) FROM patients GROUP BY ALL
SELECT pref, COUNT(*) FROM patients GROUP BY sex
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING COUNT(*) BETWEEN 1 AND 3
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING COUNT(DISTINCT pid) < 10
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING COUNT(DISTINCT pid) = 1
SELECT n FROM (SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex) WHERE n IN (1, 2)
SELECT sex, COUNT(*) FROM patients GROUP BY sex FETCH FIRST 1 ROW ONLY
SELECT TOP 1 COUNT(*) FROM patients
SELECT COUNT(*) INTO t FROM patients
SELECT COUNT(*) FROM patients QUALIFY 1 = 1
SELECT COUNT(*) FROM patients FOR UPDATE
SELECT COUNT(*) AS "Robert'); --" FROM patients
SELECT COUNT(*) AS note FROM patients
SELECT COUNT(*) AS n, COUNT(DISTINCT pid) AS n FROM patients
WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT i, (SELECT COUNT(*) FROM patients WHERE birth_ym = i) FROM t
VALUES (1)
TABLE patients
SELECT COUNT(*) FROM patients; SELECT COUNT(*) FROM claims
EXPLAIN SELECT COUNT(*) FROM patients
EXPLAIN ANALYZE SELECT COUNT(*) FROM patients
SET a = 1
SHOW TABLES
CREATE TABLE t AS SELECT COUNT(*) FROM patients
CREATE EXTERNAL TABLE e STORED AS PARQUET LOCATION 's3://x/y.parquet'
COPY patients TO 'x.csv'
DROP TABLE patients
INSERT INTO patients VALUES (1)
SELECT COUNT(*) FROM information_schema.tables
SELECT * FROM information_schema.df_settings
SELECT COUNT(*) FROM a.b.patients
SELECT COUNT(*) FROM 'file.parquet'
SELECT COUNT(*) FROM "Patients"
SELECT public.count(*) FROM patients
SELECT sex, COUNT(*) FROM patients JOIN recipients USING (pid) GROUP BY sex
SELECT COUNT(*) FROM patients WHERE guest.none(sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band(pid, sex) = 'low'
SELECT COUNT(*) FROM patients WHERE guest.band((SELECT COUNT(*) FROM claims), sex) = 'low'
SELECT SUM(guest.band(birth_ym, sex)) FROM patients
SELECT COUNT(DISTINCT guest.band(birth_ym, sex)) FROM patients
SELECT COUNT(*) FROM patients p JOIN claims c ON p.pid = c.pid AND guest.band(p.birth_ym, p.sex) = 'low'
SELECT COUNT(*) FROM patients, LATERAL (SELECT * FROM claims WHERE claims.pid = patients.pid)
SELECT GREATEST(pid, 'a'), COUNT(*) FROM patients GROUP BY 1
SELECT CASE WHEN COUNT(*) > 5 THEN pid END FROM patients GROUP BY pid
SELECT sex, COUNT(DISTINCT pid) AS n FROM patients p WHERE (SELECT SUM(points) FROM claims c WHERE c.pid = p.pid) > 1000 GROUP BY sex
SELECT sex, COUNT(DISTINCT pid) AS n FROM patients p WHERE pref IN (SELECT COUNT(*) FROM claims c WHERE c.pid = p.pid) GROUP BY sex

-- Code lists: names that are none, keys, and questions about nobody.
SELECT COUNT(DISTINCT pid) AS n FROM patients JOIN codes.nosuch k USING (pref)
SELECT COUNT(DISTINCT pid) AS n FROM patients JOIN prefecture k USING (pref)
SELECT COUNT(DISTINCT pid) AS n FROM patients JOIN x.codes.prefecture k USING (pref)
SELECT COUNT(DISTINCT pid) AS n FROM patients JOIN codes.prefecture() k USING (pref)
SELECT k.nothing, COUNT(DISTINCT pid) AS n FROM patients JOIN codes.prefecture k USING (pref) GROUP BY k.nothing
SELECT * FROM codes.prefecture
SELECT COUNT(*) AS n FROM codes.prefecture
SELECT p.name_ja, c.title_ja FROM codes.prefecture p CROSS JOIN codes.icd10_chapter c
SELECT COUNT(*) AS n FROM patients JOIN codes.prefecture k ON patients.pid = k.name_ja
SELECT COUNT(*) AS n FROM patients WHERE pid IN (SELECT name_en FROM codes.prefecture)
SELECT COUNT(*) AS n FROM claims JOIN codes.prefecture k ON claims.facility_id = k.name_ja
SELECT name_ja FROM codes.prefecture UNION ALL SELECT pid FROM patients
SELECT COUNT(*) AS n FROM claims JOIN codes.prefecture k ON claims.icd10 = k.pref

-- The engine would convert one kind of value to another, row by row, and fail where it cannot.
SELECT COUNT(DISTINCT c.pid) AS n FROM claims c JOIN patients p USING (pid) WHERE substr(c.icd10, 1, CASE WHEN p.birth_ym = 195006 AND p.pref = 31 AND c.points >= 300 THEN -1 ELSE 1 END) <> 'zz'
SELECT COUNT(*) FROM claims WHERE substr(icd10, 1, -1) = 'E'
SELECT COUNT(*) FROM claims WHERE substr(icd10, points) = 'E'
SELECT COUNT(*) FROM claims WHERE left(icd10, points) = 'E'
SELECT COUNT(*) FROM claims WHERE right(icd10, -9223372036854775808) = 'E'
SELECT SUM(round(points, CASE WHEN points > 300 THEN 9999999999 ELSE 0 END)) AS s FROM claims
SELECT SUM(trunc(points, ym)) AS s FROM claims
SELECT SUM(log(points, ym)) AS s FROM claims
SELECT COUNT(*) FROM claims WHERE nullif(CASE WHEN points > 300 THEN 'x' ELSE '1' END, points) IS NULL
SELECT COUNT(*) FROM claims WHERE nullif(icd10, points) IS NULL
SELECT COUNT(*) FROM claims WHERE CASE WHEN points > 300 THEN 'x' ELSE '1' END IN (SELECT v FROM (VALUES (1)) t(v))
SELECT COUNT(*) FROM claims WHERE coalesce(icd10, points) IS NULL
SELECT COUNT(*) FROM claims WHERE ifnull(points, 'x') IS NULL
SELECT COUNT(*) FROM claims WHERE greatest(icd10, points) IS NULL
SELECT COUNT(*) FROM claims WHERE least(points, 'x') IS NULL
SELECT COUNT(*) FROM claims WHERE CASE WHEN points > 300 THEN icd10 ELSE points END IS NULL
SELECT COUNT(*) FROM claims WHERE CASE icd10 WHEN 1 THEN 1 ELSE 0 END = 1
SELECT COUNT(*) FROM claims WHERE points LIKE '%7'
SELECT COUNT(*) FROM claims WHERE icd10 LIKE CASE WHEN points > 300 THEN 'E%' ELSE 'F%' END
SELECT COUNT(*) FROM claims WHERE icd10 LIKE icd10
SELECT COUNT(*) FROM claims WHERE NOT points
SELECT COUNT(*) FROM claims WHERE points IS TRUE
SELECT COUNT(*) FROM claims WHERE points AND true
SELECT COUNT(*) FROM claims WHERE points || points = '1'
SELECT COUNT(*) FROM claims WHERE icd10 BETWEEN 1 AND 5
SELECT COUNT(*) FROM claims WHERE points = ABS(icd10)
SELECT COUNT(*) FROM claims c JOIN (VALUES ('x'), ('1')) AS v(k) ON c.points = v.k
SELECT COUNT(*) FROM claims c JOIN (VALUES (1), ('x')) AS v(k) ON c.points = v.k
SELECT COUNT(*) FROM claims c JOIN patients p ON c.pid = p.pid AND c.icd10 = p.sex
SELECT COUNT(*) FROM (SELECT pid, icd10 AS x FROM claims UNION ALL SELECT pid, sex FROM patients)
SELECT COUNT(*) FROM (SELECT pid, icd10 AS x FROM claims EXCEPT SELECT pid, sex FROM patients)
SELECT COUNT(*) FROM (SELECT pid, icd10 AS x FROM claims INTERSECT SELECT pid, sex FROM patients)
SELECT COUNT(*) FROM (SELECT pid, lag(ym, 1, 'x') OVER (PARTITION BY pid ORDER BY ym) AS x FROM claims) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, lag(ym, points) OVER (PARTITION BY pid ORDER BY ym) AS x FROM claims) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, ntile(0) OVER (PARTITION BY pid ORDER BY ym) AS x FROM claims) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, nth_value(ym, points) OVER (PARTITION BY pid ORDER BY ym) AS x FROM claims) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, SUM(points) OVER (PARTITION BY pid ORDER BY ym RANGE BETWEEN 'x' PRECEDING AND CURRENT ROW) AS x FROM claims) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, SUM(icd10) AS x FROM claims GROUP BY pid) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, AVG(icd10) AS x FROM claims GROUP BY pid) WHERE x > 5
SELECT COUNT(*) FROM (SELECT pid, BOOL_AND(points) AS x FROM claims GROUP BY pid) WHERE x
SELECT SUM(icd10) AS s FROM claims
SELECT COUNT(*) FROM claims c CROSS JOIN (VALUES ((SELECT COUNT(*) FROM patients))) AS v(k) WHERE c.points > v.k
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING substr('abc', 1, COUNT(*)) = 'a'
SELECT round(COUNT(*), COUNT(*)) AS n FROM patients
SELECT nullif(COUNT(*), 'x') AS n FROM patients
SELECT 'a' AS x, COUNT(*) AS n FROM patients UNION ALL SELECT 1, COUNT(*) FROM claims
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex LIMIT 'x'
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex LIMIT -1
SELECT COUNT(*) FROM claims WHERE CASE WHEN points > 300 THEN icd10 LIKE '_____________________________________________________________________________________________________' ELSE false END

-- What the engine does not run is refused before anything is read.
SELECT COUNT(*) FROM patients WHERE sex = 1 OR pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')
SELECT SUM(CASE WHEN pid IN (SELECT pid FROM claims WHERE icd10 = 'E11') THEN 1 ELSE 0 END) AS n FROM patients
SELECT COUNT(*) FILTER (WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')) AS n FROM patients
SELECT sex, COUNT(*) AS n FROM patients p GROUP BY sex, EXISTS (SELECT 1 FROM claims c WHERE c.pid = p.pid)
SELECT COUNT(*) AS n FROM claims c LEFT JOIN patients p ON c.pid = p.pid AND c.icd10 IN (SELECT v FROM (VALUES ('E11')) t(v))
SELECT CASE WHEN n IN (SELECT v FROM (VALUES (10)) t(v)) THEN 1 ELSE 2 END AS z FROM (SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex)
