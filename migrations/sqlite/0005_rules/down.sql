DELETE FROM price_ceilings;
DELETE FROM policy_goods;
DELETE FROM policies;
