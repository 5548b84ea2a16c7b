"""Where does something move in a clip? Clips are uploaded, looked through and kept; what was found can be asked for."""
