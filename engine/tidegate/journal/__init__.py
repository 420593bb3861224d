"""The journal for people: checked, shown, counted, exported. The path never comes here."""
