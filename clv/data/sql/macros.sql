{% macro listed(texts) -%}
({% for text in texts %}{{ text | literal }}{{ "" if loop.last else ", " }}{% endfor %})
{%- endmacro %}

{# TRIM of more than blanks is slow, and hardly ever has something to do. #}
{% macro trimmed(text, unseen) -%}
CASE WHEN STRLEN({{ text }}) = LENGTH({{ text }}) AND NOT CONTAINS({{ text }}, CHR(9)) THEN TRIM({{ text }})
     ELSE TRIM({{ text }}, {{ unseen | literal }}) END
{%- endmacro %}
