/* A disk that loses all that was not synced, for a program that is started with this in
 * LD_PRELOAD. After each fsync, fdatasync and syncfs it copies to the folder DISK what
 * POSIX then promises of the folder DISK_OF and of what lies in it:
 *   NUMBER.bytes  the content of the file with this inode number
 *   NUMBER.names  what a folder holds, a line each: number, f or d, name
 * Nothing else survives: neither a name in a folder that was not synced, nor a byte of a
 * file that was not. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies a file or folder that was synced; whole or not at all, because the power may be
 * cut in the middle. */
static void keep(const char *path) {
    char from[PATH_MAX], to[PATH_MAX], block[65536];
    struct stat found;
    if (lstat(path, &found)) return;
    int is_folder = S_ISDIR(found.st_mode);
    if (!is_folder && !S_ISREG(found.st_mode)) return;
    const char *disk = getenv("DISK");
    snprintf(from, sizeof from, "%s/unfinished.%d.%lx", disk, getpid(), (long)&found);
    snprintf(to, sizeof to, "%s/%lu.%s", disk, found.st_ino, is_folder ? "names" : "bytes");
    FILE *out = fopen(from, "w");
    if (!out) return;
    if (is_folder) {
        DIR *folder = opendir(path);
        struct dirent *entry;
        while (folder && (entry = readdir(folder)))
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
                fprintf(out, "%lu %c %s\n", entry->d_ino,
                        entry->d_type == DT_DIR ? 'd' : 'f', entry->d_name);
        if (folder) closedir(folder);
    } else {
        int in = open(path, O_RDONLY | O_NOFOLLOW);
        for (ssize_t n; (n = read(in, block, sizeof block)) > 0;) fwrite(block, 1, n, out);
        close(in);
    }
    fclose(out);
    rename(from, to);
}

static void keep_all(const char *path) {
    keep(path);
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char inner[PATH_MAX];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR) keep_all(inner);
        else keep(inner);
    }
    if (folder) closedir(folder);
}

static int synced(const char *call, int descriptor) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
    int result = real(descriptor);
    const char *folder = getenv("DISK_OF");
    if (result || !folder || !getenv("DISK")) return result;
    if (!strcmp(call, "syncfs")) {
        keep_all(folder);
        return result;
    }
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return result;
    path[length] = 0;
    if (!strncmp(path, folder, strlen(folder))) keep(path);
    return result;
}

int fsync(int descriptor) { return synced("fsync", descriptor); }
int fdatasync(int descriptor) { return synced("fdatasync", descriptor); }
int syncfs(int descriptor) { return synced("syncfs", descriptor); }
