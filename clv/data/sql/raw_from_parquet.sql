-- The columns of a Parquet file as text, with the number of the row. Columns go by their place: names can be doubled.
SELECT row_number() OVER () AS line,
       {% for name, text in texts.items() %}
       {{ text }} AS {{ name }}{{ "" if loop.last else "," }}
       {% endfor %}
FROM read_parquet({{ file | literal }}) AS file({% for place in range(width) %}column_{{ place }}{{ "" if loop.last else ", " }}{% endfor %})
