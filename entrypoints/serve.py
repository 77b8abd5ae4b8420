from entrypoints import run

if __name__ == "__main__":
    run("serve")
