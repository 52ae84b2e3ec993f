-- The rules of 2017 to 2019, open-ended: a later rule is a later row.
INSERT INTO policies (version, valid_from, valid_to, known_from, monthly_amount) VALUES (1, 20170101, NULL, 0, 110000);
INSERT INTO policy_goods (version, commodity, grade, unit, decimals) VALUES
    (1, 'rice', 'medium', 'kg', 3),
    (1, 'rice', 'premium', 'kg', 3),
    (1, 'eggs', '', 'piece', 0),
    (1, 'eggs', '', 'tray', 0),
    (1, 'eggs', '', 'kg', 3);
-- The ceilings of rice from 1 September 2017, rupiah a kilogram, by zone.
INSERT INTO price_ceilings (price_zone, commodity, grade, unit, valid_from, valid_to, known_from, price) VALUES
    (1, 'rice', 'medium', 'kg', 20170901, NULL, 0, 9450),
    (1, 'rice', 'premium', 'kg', 20170901, NULL, 0, 12800),
    (2, 'rice', 'medium', 'kg', 20170901, NULL, 0, 9950),
    (2, 'rice', 'premium', 'kg', 20170901, NULL, 0, 13300),
    (3, 'rice', 'medium', 'kg', 20170901, NULL, 0, 10250),
    (3, 'rice', 'premium', 'kg', 20170901, NULL, 0, 13600);
