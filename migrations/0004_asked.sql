-- Which requests a decision's facts cost, a line each; null where there were none, or where only their number is known.

ALTER TABLE decisions ADD COLUMN asked TEXT;
