-- one a line; what an epidemiologist writes
SELECT p.sex, COUNT(DISTINCT p.pid) AS n, COUNT(*), SUM(c.points), AVG(points) FROM ndb.patients p JOIN claims c USING (pid) WHERE icd10 LIKE 'E1%' AND NOT (pref = 31 OR ym < 202403) GROUP BY p.sex
SELECT COUNT(*) FROM ndb.patients JOIN kaigo.recipients ON patients.pid = recipients.pid
select count(distinct pid) from PATIENTS where SEX in (1,2) and pref between 1 and 10
WITH dm AS (SELECT DISTINCT pid FROM claims WHERE icd10 = 'E11') SELECT sex, COUNT(*) AS n FROM patients JOIN dm USING (pid) GROUP BY sex
SELECT year_of(ym) AS y, AVG(points) AS m FROM claims GROUP BY 1
SELECT ym / 100 AS y, SUM(points) AS s, COUNT(DISTINCT pid) AS n FROM claims WHERE icd10 LIKE 'I1%' GROUP BY 1
SELECT substr(icd10, 1, 3) AS icd3, COUNT(DISTINCT pid) AS n FROM claims GROUP BY 1
SELECT CASE WHEN points < 500 THEN '0-499' WHEN points < 1000 THEN '500-999' ELSE '1000+' END AS band, COUNT(*) AS rows, COUNT(DISTINCT pid) AS n FROM claims GROUP BY 1
SELECT floor((2024 - birth_ym / 100) / 5) * 5 AS age, COUNT(*) AS n FROM patients GROUP BY 1
SELECT birth_ym * 100 + pref AS k, COUNT(*) AS n FROM patients GROUP BY 1
SELECT sex, AVG(points) AS m, STDDEV(points) AS sd FROM claims JOIN patients USING (pid) GROUP BY sex
SELECT CORR(c.points, 2024 - p.birth_ym / 100) AS r, COUNT(DISTINCT c.pid) AS n FROM claims c JOIN patients p USING (pid)
SELECT REGR_SLOPE(c.points, 2024 - p.birth_ym / 100) AS b1, REGR_INTERCEPT(c.points, 2024 - p.birth_ym / 100) AS b0, REGR_COUNT(c.points, p.birth_ym) AS n FROM claims c JOIN patients p USING (pid)
SELECT MEDIAN(points) AS m, PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY points) AS q FROM claims
SELECT sex, AVG(s) AS m FROM (SELECT p.sex, c.pid, SUM(c.points) AS s FROM claims c JOIN patients p USING (pid) GROUP BY 1, 2) GROUP BY sex
SELECT visits, COUNT(*) AS n FROM (SELECT pid, COUNT(*) AS visits FROM claims GROUP BY pid) v GROUP BY visits
SELECT sex, COUNT(DISTINCT c.pid) AS n FROM claims c JOIN patients USING (pid) WHERE icd10 = 'E11' AND EXISTS (SELECT 1 FROM claims l WHERE l.pid = c.pid AND l.icd10 = 'I10' AND l.ym >= c.ym) GROUP BY sex
SELECT COUNT(*) AS n FROM patients p WHERE NOT EXISTS (SELECT 1 FROM claims c WHERE c.pid = p.pid AND c.icd10 <> 'E11')
SELECT COUNT(*) AS n FROM patients WHERE pid IN (SELECT pid FROM claims WHERE icd10 = 'E11')
SELECT COUNT(*) AS n FROM patients WHERE pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'E11')
SELECT COUNT(*) AS n FROM (SELECT pid FROM patients WHERE pref = 31 EXCEPT SELECT pid FROM claims WHERE icd10 = 'E11')
SELECT COUNT(*) AS n FROM (SELECT pid FROM patients WHERE pref = 31 INTERSECT SELECT pid FROM claims WHERE icd10 = 'E11')
SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid, ym FROM claims WHERE icd10 = 'E11' UNION ALL SELECT pid, ym FROM claims WHERE icd10 = 'I10')
SELECT COUNT(*) AS n FROM patients p LEFT JOIN (SELECT DISTINCT pid FROM claims WHERE icd10 = 'E11') d USING (pid) WHERE d.pid IS NULL
SELECT COUNT(DISTINCT a.pid) AS n FROM claims a JOIN claims b ON a.pid = b.pid AND b.ym >= a.ym AND months_between(a.ym, b.ym) <= 3 WHERE a.icd10 = 'E11' AND b.icd10 = 'I10'
SELECT first_ym, COUNT(*) AS n FROM (SELECT pid, MIN(ym) AS first_ym FROM claims WHERE icd10 = 'E11' GROUP BY pid) GROUP BY first_ym
WITH d AS (SELECT pid, MIN(ym) AS first_ym FROM claims WHERE icd10 = 'E11' GROUP BY pid) SELECT year_of(d.first_ym) AS y, CASE WHEN 2024 - p.birth_ym / 100 < 40 THEN '0-39' WHEN 2024 - p.birth_ym / 100 < 65 THEN '40-64' ELSE '65+' END AS age, COUNT(DISTINCT d.pid) AS n FROM d JOIN patients p USING (pid) GROUP BY 1, 2
SELECT COUNT(*) AS n FROM (SELECT pid, ym, lag(ym) OVER (PARTITION BY pid ORDER BY ym) AS before FROM claims) WHERE months_between(before, ym) > 3
SELECT sex, pref, COUNT(*) AS n FROM patients GROUP BY ROLLUP (sex, pref)
SELECT sex, pref, COUNT(*) AS n FROM patients GROUP BY CUBE (sex, pref)
SELECT sex, pref, COUNT(*) AS n FROM patients GROUP BY GROUPING SETS ((sex), (pref), ())
SELECT pref, COUNT(DISTINCT pid) AS n FROM patients GROUP BY pref ORDER BY n DESC LIMIT 10
SELECT pref, COUNT(*) AS n FROM patients GROUP BY pref HAVING COUNT(*) > 100
SELECT pref, round(100.0 * COUNT(DISTINCT pid) / SUM(COUNT(DISTINCT pid)) OVER (), 4) AS pct FROM patients GROUP BY pref
SELECT SUM(n) AS n FROM (SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE pref = 31 UNION ALL SELECT 1000)
SELECT 'men' AS who, COUNT(*) AS n FROM patients WHERE sex = 1 UNION ALL SELECT 'women', COUNT(*) FROM patients WHERE sex = 2
SELECT a.pref, a.n, b.n AS m FROM (SELECT pref, COUNT(*) AS n FROM patients WHERE sex = 1 GROUP BY pref) a JOIN (SELECT pref, COUNT(*) AS n FROM patients WHERE sex = 2 GROUP BY pref) b USING (pref)
SELECT COUNT(DISTINCT pid) AS n FROM claims WHERE points > (SELECT AVG(points) FROM claims)
SELECT c.icd10, COUNT(*) AS n FROM claims c CROSS JOIN (VALUES (1), (2)) AS t(i) GROUP BY c.icd10
SELECT v.name, COUNT(DISTINCT c.pid) AS n FROM claims c JOIN (VALUES ('E11', 'diabetes'), ('I10', 'pressure')) AS v(code, name) ON c.icd10 = v.code GROUP BY v.name
SELECT SUM(1000 + CASE WHEN sex = 1 THEN points ELSE 0 END) AS s FROM claims JOIN patients USING (pid)
SELECT SUM(points * 10 / 7.0) AS yen, SUM(points * points) AS q, AVG(ln(points + 1)) AS l FROM claims
SELECT pref, AVG(CASE WHEN icd10 LIKE 'F%' THEN 1.0 ELSE 0.0 END) AS rate FROM claims JOIN patients USING (pid) GROUP BY pref
SELECT COUNT(DISTINCT CASE WHEN icd10 = 'E11' THEN pid END) AS dm, COUNT(DISTINCT pid) FILTER (WHERE icd10 = 'I10') AS ht FROM claims
SELECT pref, COUNT(DISTINCT facility_id) AS f, COUNT(DISTINCT icd10) AS d FROM claims JOIN patients USING (pid) GROUP BY pref
SELECT guest.band(birth_ym, sex), COUNT(*) AS n FROM patients GROUP BY guest.band(birth_ym, sex)
SELECT SUM(CASE WHEN guest.band(birth_ym, sex) = 'low' THEN 1 ELSE 0 END) AS n FROM patients
SELECT COALESCE(s, 0) > 1000 AS big, COUNT(*) AS n FROM patients LEFT JOIN (SELECT pid, SUM(points) AS s FROM claims GROUP BY pid) USING (pid) GROUP BY 1
SELECT 1 / (COUNT(*) - 1) AS x FROM patients WHERE birth_ym = 190101
SELECT sex, COUNT(*) AS n FROM patients WHERE birth_ym <= 195003 GROUP BY sex

-- Bands below a limit and steps above it.
SELECT CASE WHEN birth_ym < 195001 THEN 1949 ELSE birth_ym / 100 END AS born, COUNT(*) AS n FROM patients GROUP BY 1

-- Code lists: public masters, joined like VALUES.
SELECT k.name_ja, COUNT(DISTINCT p.pid) AS n FROM patients p JOIN codes.prefecture k USING (pref) GROUP BY k.name_ja
SELECT k.region_ja, COUNT(DISTINCT c.pid) AS n, SUM(c.points) AS s FROM claims c JOIN patients p USING (pid) JOIN codes.prefecture k ON k.pref = p.pref GROUP BY k.region_ja
SELECT sex, COUNT(DISTINCT pid) AS n FROM patients WHERE pref IN (SELECT pref FROM codes.prefecture WHERE region_en = 'Kinki') GROUP BY sex
SELECT COUNT(DISTINCT pid) AS n FROM codes.prefecture JOIN patients ON patients.pref = prefecture.pref WHERE region_ja = '東北'
WITH k AS (SELECT pref, region_en FROM codes.prefecture WHERE pref < 20) SELECT k.region_en, COUNT(DISTINCT pid) AS n FROM patients LEFT JOIN k USING (pref) GROUP BY k.region_en
SELECT k.title_ja, COUNT(DISTINCT c.pid) AS n FROM claims c JOIN codes.icd10_chapter k ON substr(c.icd10, 1, 3) BETWEEN k.first_code AND k.last_code GROUP BY k.title_ja
SELECT t.region, t.n, k.pref FROM (SELECT k.region_en AS region, COUNT(DISTINCT pid) AS n FROM patients JOIN codes.prefecture k USING (pref) GROUP BY k.region_en) t JOIN codes.prefecture k ON k.region_en = t.region

-- Arguments in range, and values of one kind.
SELECT round(AVG(points), 1) AS m, trunc(AVG(points), -2) AS t, log(10, COUNT(*)) AS l FROM claims
SELECT left(icd10, 1) AS chapter, COUNT(DISTINCT pid) AS n FROM claims WHERE right(icd10, 2) <> '11' GROUP BY 1
SELECT COUNT(*) AS n FROM claims WHERE coalesce(points, 0) > 300 AND nullif(icd10, 'E11') IS NULL AND greatest(points, 5.5) > 7
SELECT AVG(r) AS m FROM (SELECT pid, row_number() OVER (PARTITION BY pid ORDER BY ym, points) AS r FROM claims)
SELECT COUNT(*) AS n FROM claims WHERE icd10 IN (SELECT k FROM (VALUES ('E11'), ('I10')) AS v(k))
SELECT sex, COUNT(*) AS n FROM patients GROUP BY sex HAVING 1 / (COUNT(*) - 10) >= 0
SELECT COUNT(*) AS n FROM (SELECT pid, lag(ym, 2, 202401) OVER (PARTITION BY pid ORDER BY ym) AS x FROM claims) WHERE x > 202403
SELECT COUNT(*) AS n FROM patients p WHERE sex = 1 OR EXISTS (SELECT 1 FROM claims c WHERE c.pid = p.pid AND icd10 = 'E11')
SELECT COUNT(*) AS n FROM (SELECT pid, pid IN (SELECT pid FROM claims WHERE icd10 = 'E11') AS f FROM patients) WHERE f
SELECT COUNT(*) AS n FROM labs WHERE value IN (SELECT v FROM (VALUES (1e308), (202401)) t(v))
SELECT COUNT(*) FROM patients WHERE guest.band(birth_ym + 1, sex) = 'low'
