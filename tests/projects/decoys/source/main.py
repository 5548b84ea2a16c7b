print "a program for Python 2"
