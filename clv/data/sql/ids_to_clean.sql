-- Ids that hold something else than visible signs with single blanks between them, in their composed form.
SELECT text
FROM customer_id_texts
WHERE STARTS_WITH(text, '="')
   OR NOT regexp_full_match(text, '[!-~]+( [!-~]+)*')
      AND (NOT regexp_full_match(text, '[\p{L}\p{M}\p{N}\p{P}\p{S}]+( [\p{L}\p{M}\p{N}\p{P}\p{S}]+)*')
           OR CONTAINS(text, CHR(65533))
           OR NFC_NORMALIZE(text) <> text)
