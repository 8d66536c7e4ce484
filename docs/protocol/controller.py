import ctypes, os, struct, subprocess, sys
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
segment = libc.shmget(0, 1 << 16, 0o1600)            # IPC_PRIVATE, IPC_CREAT
counters = libc.shmat(segment, None, 0)
libc.shmctl(segment, 0, None)                        # IPC_RMID
control_read, control = os.pipe()
status, status_write = os.pipe()
os.dup2(control_read, 198)
os.dup2(status_write, 199)
target = subprocess.Popen(sys.argv[1:], pass_fds=(198, 199),
                          env={"__AFL_SHM_ID": str(segment), "AFL_MAP_SIZE": "65536"})
for fd in (control_read, status_write, 198, 199):
    os.close(fd)

def receive(meaning):
    word = os.read(status, 4)
    print("<-", word.hex(" "), meaning, sep="\t")
    return struct.unpack("=I", word)[0]

def send(word, meaning):
    print("->", struct.pack("=I", word).hex(" "), meaning, sep="\t")
    os.write(control, struct.pack("=I", word))

hello = receive("hello")
send(hello ^ 0xFFFFFFFF, "hello, inverted")
receive("options")
size = receive("map size")
receive("hello again")
send(0, "run: the last child was not killed")
receive("pid of the child")
receive("wait status")
edges = [i for i, n in enumerate(ctypes.string_at(counters, size)) if n]
print("edges", edges)
os.close(control)                                    # the fork server ends
target.wait()
