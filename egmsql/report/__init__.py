"""What `egmsql report` tells of a lake: the questions, the text for a terminal and the page.

`questions/` holds SQL that the plain `duckdb` shell answers too, `parts/` a piece of the page for each
section. A new section is one of both and a line in `sections.py`. Pictures and templates are loaded when
they are needed, so that other commands start fast.
"""
