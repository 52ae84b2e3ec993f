DELETE FROM policy_head;
DELETE FROM price_ceilings;
DELETE FROM policy_goods;
DELETE FROM policies;
