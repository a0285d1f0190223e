-- Mean eGFR of creatinine values, by sex; the age is that of the month of care.
SELECT p.sex, COUNT(DISTINCT p.pid) AS people, AVG(guest.egfr(l.value, months_between(p.birth_ym, l.ym) / 12, p.sex)) AS egfr
FROM ndb.labs l
JOIN ndb.patients p ON p.pid = l.pid
WHERE l.jlac10 = '3C015'
GROUP BY p.sex
