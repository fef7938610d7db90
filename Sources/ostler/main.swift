print("ostler")
