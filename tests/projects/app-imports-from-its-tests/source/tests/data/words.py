WORD = "well"
