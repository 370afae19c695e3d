"""The platform's services. `catalog` lists them; `shared` is the only code they have in common."""
