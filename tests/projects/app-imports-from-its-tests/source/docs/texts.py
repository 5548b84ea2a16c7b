SUMMARY = "Samples"
