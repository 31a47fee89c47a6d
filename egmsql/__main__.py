"""`python -m egmsql` is the command `egmsql`."""

from egmsql.cli import main

main()
