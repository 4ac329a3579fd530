"""The endpoints of the API, one file each; `api/table.py` lists them."""
