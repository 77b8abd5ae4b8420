from entrypoints.launch import launch

if __name__ == "__main__":
    launch("rollback")
