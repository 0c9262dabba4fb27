"""The suites that ship, one module each; `facts` holds what they are made of, and says where it is from."""
