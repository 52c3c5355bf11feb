// machorun FILE [ARGUMENTS]: runs an x86_64 macOS command-line program on x86_64 Linux.
//
// It maps the Mach-O file, applies its fixups (chains or opcodes), gives it thread-locals, and binds what it imports from
// libSystem. Both systems follow the System V AMD64 ABI, so that a plain libc call passes straight through; the calls
// whose constants or structures differ on macOS (errno, open flags, stat, directories, mutexes, …) have a stand-in here.
// Enough for a test program of the standard library: arguments, files, output, threads, time, maps, other programs.
//
// Not here: unwinding (the program must be built with panic=abort), Objective-C, frameworks, sockets, sysctl. A call of
// anything that has no stand-in ends the program with its name. So it tests our logic as compiled for macOS, and not macOS.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static uint8_t *img;
static int64_t slide;
static int g_argc;
static char **g_argv;
static uint8_t *tls_init;
static size_t tls_size, tls_filled;

// ---------------------------------------------------------------- errno
static int d_err(int e) { // Linux -> Darwin errno
    switch (e) {
    case EAGAIN:
        return 35;
    case EDEADLK:
        return 11;
    case EINPROGRESS:
        return 36;
    case ENOTSOCK:
        return 38;
    case EADDRINUSE:
        return 48;
    case ENOBUFS:
        return 55;
    case ETIMEDOUT:
        return 60;
    case ECONNREFUSED:
        return 61;
    case ENAMETOOLONG:
        return 63;
    case ENOTEMPTY:
        return 66;
    case ENOSYS:
        return 78;
    case ELOOP:
        return 62;
    case ENOTSUP:
        return 45;
    default:
        return e;
    }
}
static __thread int darwin_errno;
static int *s_error(void) {
    if (errno) {
        darwin_errno = d_err(errno);
        errno = 0;
    }
    return &darwin_errno;
}

// ---------------------------------------------------------------- fcntl / open / stat / dirs
static int oflags(int f) {
    int r = f & 3;
    if (f & 4)
        r |= O_NONBLOCK;
    if (f & 8)
        r |= O_APPEND;
    if (f & 0x200)
        r |= O_CREAT;
    if (f & 0x400)
        r |= O_TRUNC;
    if (f & 0x800)
        r |= O_EXCL;
    if (f & 0x1000000)
        r |= O_CLOEXEC;
    if (f & 0x100000)
        r |= O_DIRECTORY;
    if (f & 0x100)
        r |= O_NOFOLLOW;
    return r;
}
static int s_open(const char *p, int f, ...) {
    va_list a;
    va_start(a, f);
    int m = va_arg(a, int);
    va_end(a);
    return open(p, oflags(f), m);
}
static int at(int folder) { // AT_FDCWD is -2 on macOS
    return folder == -2 ? AT_FDCWD : folder;
}
static int s_openat(int d, const char *p, int f, ...) {
    va_list a;
    va_start(a, f);
    int m = va_arg(a, int);
    va_end(a);
    return openat(at(d), p, oflags(f), m);
}
static int s_unlinkat(int d, const char *p, int f) { // AT_REMOVEDIR is 0x80 there
    return unlinkat(at(d), p, f & 0x80 ? AT_REMOVEDIR : 0);
}
static int s_fcntl(int fd, int c, long a) {
    if (c == 67)
        return fcntl(fd, F_DUPFD_CLOEXEC, a);
    if (c == 51) // F_FULLFSYNC
        return fsync(fd);
    if (c == 4)
        a = oflags(a);
    if (c == 3) {
        int r = fcntl(fd, F_GETFL);
        int d = r & 3;
        if (r & O_NONBLOCK)
            d |= 4;
        if (r & O_APPEND)
            d |= 8;
        return d;
    }
    return fcntl(fd, c, a);
}
struct dstat {
    int32_t dev;
    uint16_t mode, nlink;
    uint64_t ino;
    uint32_t uid, gid;
    int32_t rdev;
    int32_t pad;
    struct timespec at, mt, ct, bt;
    int64_t size, blocks;
    int32_t blksize;
    uint32_t flags, gen;
    int32_t sp;
    int64_t q[2];
};
_Static_assert(sizeof(struct dstat) == 144, "darwin stat64");
static void cvt(struct stat *s, struct dstat *d) {
    memset(d, 0, sizeof *d);
    d->dev = s->st_dev;
    d->mode = s->st_mode;
    d->nlink = s->st_nlink;
    d->ino = s->st_ino;
    d->uid = s->st_uid;
    d->gid = s->st_gid;
    d->at = s->st_atim;
    d->mt = s->st_mtim;
    d->ct = s->st_ctim;
    d->size = s->st_size;
    d->blocks = s->st_blocks;
    d->blksize = s->st_blksize;
}
static int s_stat(const char *p, struct dstat *d) {
    struct stat s;
    int r = stat(p, &s);
    if (!r)
        cvt(&s, d);
    return r;
}
static int s_lstat(const char *p, struct dstat *d) {
    struct stat s;
    int r = lstat(p, &s);
    if (!r)
        cvt(&s, d);
    return r;
}
static int s_fstat(int f, struct dstat *d) {
    struct stat s;
    int r = fstat(f, &s);
    if (!r)
        cvt(&s, d);
    return r;
}
struct ddirent {
    uint64_t ino, off;
    uint16_t reclen, namlen;
    uint8_t type;
    char name[1024];
};
static int s_readdir_r(DIR *D, struct ddirent *o, struct ddirent **res) {
    errno = 0;
    struct dirent *e = readdir(D);
    if (!e) {
        *res = 0;
        return d_err(errno);
    }
    o->ino = e->d_ino;
    o->type = e->d_type;
    o->namlen = strlen(e->d_name);
    o->reclen = sizeof *o;
    strcpy(o->name, e->d_name);
    *res = o;
    return 0;
}
static void *s_mmap(void *a, size_t n, int p, int f, int fd, off_t o) {
    int l = f & 0x13;
    if (f & 0x1000)
        l |= MAP_ANONYMOUS, fd = -1;
    return mmap(a, n, p, l, fd, o);
}
static long s_sysconf(int n) {
    switch (n) {
    case 29:
        return 4096;
    case 57:
    case 58:
        return sysconf(_SC_NPROCESSORS_ONLN);
    case 71:
        return 4096;
    default:
        return -1;
    }
}
// ---------------------------------------------------------------- time
static int s_clock(int id, struct timespec *t) {
    return clock_gettime(id == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, t);
}
static uint64_t s_mach_abs(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}
// ---------------------------------------------------------------- threads
// A macOS mutex or condition has a signature in its first 8 bytes; a pointer to one of this system fits behind it.
static void **slot(void *o, int is_cond) {
    void **p = (void **)((char *)o + 8);
    if (!*p) {
        void *n;
        if (is_cond) {
            n = malloc(sizeof(pthread_cond_t));
            pthread_cond_init(n, 0);
        } else {
            n = malloc(sizeof(pthread_mutex_t));
            pthread_mutex_init(n, 0);
        }
        if (!__sync_bool_compare_and_swap(p, 0, n))
            free(n);
    }
    return p;
}
#define MX(m) (*slot(m, 0))
static int m_init(void *m, void *a) {
    (void)a;
    ((void **)m)[1] = 0;
    slot(m, 0);
    return 0;
}
static int m_lock(void *m) {
    return d_err(pthread_mutex_lock(MX(m)));
}
static int m_try(void *m) {
    return d_err(pthread_mutex_trylock(MX(m))) == 16 ? 16 : 0;
}
static int m_unlock(void *m) {
    return d_err(pthread_mutex_unlock(MX(m)));
}
static int m_destroy(void *m) {
    return 0;
}
static int zero() {
    return 0;
}
static int c_wait(void *c, void *m) {
    return d_err(pthread_cond_wait(*slot(c, 1), MX(m)));
}
static int c_sig(void *c) {
    return pthread_cond_signal(*slot(c, 1));
}
static int c_bc(void *c) {
    return pthread_cond_broadcast(*slot(c, 1));
}
static int c_trel(void *c, void *m, struct timespec *r) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += r->tv_sec;
    t.tv_nsec += r->tv_nsec;
    if (t.tv_nsec >= 1000000000)
        t.tv_sec++, t.tv_nsec -= 1000000000;
    return d_err(pthread_cond_timedwait(*slot(c, 1), MX(m), &t));
}
static int t_create(pthread_t *t, void *a, void *(*f)(void *), void *x) {
    return d_err(pthread_create(t, 0, f, x));
}
static void *t_stackaddr(pthread_t t) {
    pthread_attr_t a;
    void *p;
    size_t n;
    pthread_getattr_np(t, &a);
    pthread_attr_getstack(&a, &p, &n);
    return (char *)p + n;
}
static size_t t_stacksize(pthread_t t) {
    pthread_attr_t a;
    void *p;
    size_t n;
    pthread_getattr_np(t, &a);
    pthread_attr_getstack(&a, &p, &n);
    return n;
}
static int t_id(pthread_t t, uint64_t *o) {
    *o = syscall(SYS_gettid);
    return 0;
}
static int t_name(const char *n) {
    return 0;
}
static void *sem_new(long v) {
    sem_t *s = malloc(sizeof *s);
    sem_init(s, 0, v);
    return s;
}
static long sem_sig(sem_t *s) {
    return sem_post(s);
}
static long sem_w(sem_t *s, uint64_t t) {
    if (t == 0)
        return sem_trywait(s) ? 49 : 0;
    if (t == ~0ull) {
        while (sem_wait(s))
            ;
        return 0;
    }
    struct timespec ts = {t / 1000000000, t % 1000000000};
    return sem_timedwait(s, &ts) ? 49 : 0;
}
static uint64_t d_time(uint64_t b, int64_t d) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec + d;
}
// ---------------------------------------------------------------- TLV (thread locals)
static __thread uint8_t *my_tls;
__attribute__((used)) static void *tlv_addr(uint64_t *d) {
    if (!my_tls) {
        my_tls = aligned_alloc(64, (tls_size + 127) & ~63ull);
        memset(my_tls, 0, tls_size);
        memcpy(my_tls, tls_init, tls_filled);
    }
    return my_tls + d[2];
}
void tlv_thunk(void);
__asm__(".text\ntlv_thunk:\n push %rbp\n mov %rsp,%rbp\n push %rcx\n push %rdx\n push %rsi\n push %r8\n push %r9\n "
        "push %r10\n push %r11\n push %rdi\n and $-16,%rsp\n call tlv_addr\n"
        " lea -64(%rbp),%rsp\n pop %rdi\n pop %r11\n pop %r10\n pop %r9\n pop %r8\n pop %rsi\n pop %rdx\n pop %rcx\n "
        "pop %rbp\n ret\n");
struct dt {
    void (*f)(void *);
    void *o;
    struct dt *n;
};
static pthread_key_t dkey;
static pthread_once_t donce = PTHREAD_ONCE_INIT;
static void rundt(void *p) {
    struct dt *d = p;
    while (d) {
        struct dt *n = d->n;
        d->f(d->o);
        free(d);
        d = n;
    }
}
static void mkkey(void) {
    pthread_key_create(&dkey, rundt);
}
static void s_tlv_atexit(void (*f)(void *), void *o) {
    pthread_once(&donce, mkkey);
    struct dt *d = malloc(sizeof *d);
    *d = (struct dt){f, o, pthread_getspecific(dkey)};
    pthread_setspecific(dkey, d);
}
// ---------------------------------------------------------------- misc
static int *p_argc(void) {
    return &g_argc;
}
static char ***p_argv(void) {
    return &g_argv;
}
static char ***p_env(void) {
    return &environ;
}
static int s_exe(char *b, uint32_t *n) {
    char *r = realpath(g_argv[0], 0);
    strncpy(b, r, *n);
    free(r);
    return 0;
}
static uint32_t img_count(void) {
    return 1;
}
static void *img_hdr(uint32_t i) {
    return img;
}
static int64_t img_slide(uint32_t i) {
    return slide;
}
static char *img_name(uint32_t i) {
    return g_argv[0];
}
static int s_rand(void *b, size_t n) {
    return getrandom(b, n, 0) == (ssize_t)n ? 0 : -1;
}
static void pat16(void *b, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        ((char *)b)[i] = ((char *)p)[i & 15];
}
static void s_bzero(void *b, size_t n) {
    memset(b, 0, n);
}
static void *s_dlsym(void *h, const char *n);
static int s_strerror_r(int e, char *b, size_t n) {
    snprintf(b, n, "Darwin errno %d", e);
    return 0;
}
static int enosys(void) {
    errno = ENOSYS;
    return -1;
}
static int s_proc_name(int pid, char *b, uint32_t n) {
    char p[64];
    snprintf(p, 64, "/proc/%d/comm", pid);
    FILE *f = fopen(p, "r");
    if (!f)
        return 0;
    int r = fread(b, 1, n, f);
    fclose(f);
    if (r && b[r - 1] == '\n')
        r--;
    return r;
}

static int s_ioctl(int fd, unsigned long request, int *value) {
    switch (request) {
    case 0x20006601: // FIOCLEX
        return fcntl(fd, F_SETFD, FD_CLOEXEC);
    case 0x8004667e: { // FIONBIO
        int flags = fcntl(fd, F_GETFL);
        return fcntl(fd, F_SETFL, *value ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
    }
    default:
        errno = ENOTTY;
        return -1;
    }
}
// ---------------------------------------------------------------- other programs
// On macOS both types are a pointer. Attributes (signals, groups) stay this system's own.
static int fa_init(posix_spawn_file_actions_t **p) {
    *p = malloc(sizeof **p);
    return d_err(posix_spawn_file_actions_init(*p));
}
static int fa_destroy(posix_spawn_file_actions_t **p) {
    int e = posix_spawn_file_actions_destroy(*p);
    free(*p);
    return d_err(e);
}
static int fa_dup2(posix_spawn_file_actions_t **p, int from, int to) {
    return d_err(posix_spawn_file_actions_adddup2(*p, from, to));
}
static int fa_chdir(posix_spawn_file_actions_t **p, const char *path) {
    return d_err(posix_spawn_file_actions_addchdir_np(*p, path));
}
static int s_spawnp(pid_t *pid, const char *f, posix_spawn_file_actions_t **fa, void *a, char **argv, char **env) {
    return d_err(posix_spawnp(pid, f, fa ? *fa : 0, 0, argv, env));
}

static struct {
    const char *n;
    void *f;
} tab[] = {
    {"_getentropy", s_rand},
    {"_ioctl", s_ioctl},
    {"_posix_spawn_file_actions_init", fa_init},
    {"_posix_spawn_file_actions_destroy", fa_destroy},
    {"_posix_spawn_file_actions_adddup2", fa_dup2},
    {"_posix_spawn_file_actions_addchdir_np", fa_chdir},
    {"_posix_spawn_file_actions_addchdir", fa_chdir},
    {"_posix_spawnattr_init", zero},
    {"_posix_spawnattr_destroy", zero},
    {"_posix_spawnattr_setflags", zero},
    {"_posix_spawnattr_setpgroup", zero},
    {"_posix_spawnattr_setsigdefault", zero},
    {"_posix_spawnattr_setsigmask", zero},
    {"_posix_spawnp", s_spawnp},
    {"_sigemptyset", zero},
    {"_sigaddset", zero},
    {"___error", s_error},
    {"_open", s_open},
    {"_fcntl", s_fcntl},
    {"_openat", s_openat},
    {"_unlinkat", s_unlinkat},
    {"_fdopendir", fdopendir},
    {"_fdopendir$INODE64", fdopendir},
    {"_realpath$DARWIN_EXTSN", realpath},
    {"_stat$INODE64", s_stat},
    {"_lstat$INODE64", s_lstat},
    {"_fstat$INODE64", s_fstat},
    {"_stat", s_stat},
    {"_lstat", s_lstat},
    {"_fstat", s_fstat},
    {"_readdir_r$INODE64", s_readdir_r},
    {"_readdir_r", s_readdir_r},
    {"_opendir$INODE64", opendir},
    {"_mmap", s_mmap},
    {"_sysconf", s_sysconf},
    {"_clock_gettime", s_clock},
    {"_mach_absolute_time", s_mach_abs},
    {"_pthread_mutex_init", m_init},
    {"_pthread_mutex_lock", m_lock},
    {"_pthread_mutex_trylock", m_try},
    {"_pthread_mutex_unlock", m_unlock},
    {"_pthread_mutex_destroy", m_destroy},
    {"_pthread_mutexattr_init", zero},
    {"_pthread_mutexattr_settype", zero},
    {"_pthread_mutexattr_destroy", zero},
    {"_pthread_attr_init", zero},
    {"_pthread_attr_setstacksize", zero},
    {"_pthread_attr_destroy", zero},
    {"_pthread_cond_init", zero},
    {"_pthread_cond_destroy", zero},
    {"_pthread_condattr_init", zero},
    {"_pthread_cond_wait", c_wait},
    {"_pthread_cond_signal", c_sig},
    {"_pthread_cond_broadcast", c_bc},
    {"_pthread_cond_timedwait_relative_np", c_trel},
    {"_pthread_create", t_create},
    {"_pthread_get_stackaddr_np", t_stackaddr},
    {"_pthread_get_stacksize_np", t_stacksize},
    {"_pthread_threadid_np", t_id},
    {"_pthread_setname_np", t_name},
    {"_dispatch_semaphore_create", sem_new},
    {"_dispatch_semaphore_signal", sem_sig},
    {"_dispatch_semaphore_wait", sem_w},
    {"_dispatch_time", d_time},
    {"_dispatch_release", zero},
    {"__tlv_bootstrap", tlv_thunk},
    {"__tlv_atexit", s_tlv_atexit},
    {"__NSGetArgc", p_argc},
    {"__NSGetArgv", p_argv},
    {"__NSGetEnviron", p_env},
    {"__NSGetExecutablePath", s_exe},
    {"__dyld_image_count", img_count},
    {"__dyld_get_image_header", img_hdr},
    {"__dyld_get_image_vmaddr_slide", img_slide},
    {"__dyld_get_image_name", img_name},
    {"_CCRandomGenerateBytes", s_rand},
    {"_memset_pattern16", pat16},
    {"_bzero", s_bzero},
    {"___bzero", s_bzero},
    {"_strerror_r", s_strerror_r},
    {"_dlsym", s_dlsym},
    {"__Unwind_Backtrace", zero},
    {"_close$NOCANCEL", close},
    {"_confstr", zero},
    {"_sigaction", zero},
    {"_sigaltstack", zero},
    {"_signal", zero},
    {"_sysctlbyname", enosys},
    {"_sysctl", enosys},
    {"_proc_name", s_proc_name},
    {"dyld_stub_binder", abort},
};
static void *plain(const char *n) { // same name, same ABI, same constants
    static const char *ok[] = {"malloc",
                               "calloc",
                               "realloc",
                               "free",
                               "posix_memalign",
                               "memcpy",
                               "memmove",
                               "memset",
                               "memcmp",
                               "memchr",
                               "strlen",
                               "strcmp",
                               "read",
                               "write",
                               "writev",
                               "readv",
                               "pread",
                               "pwrite",
                               "close",
                               "closedir",
                               "opendir",
                               "dirfd",
                               "dup",
                               "dup2",
                               "getcwd",
                               "getenv",
                               "getpid",
                               "getuid",
                               "geteuid",
                               "exit",
                               "_exit",
                               "abort",
                               "unlink",
                               "rmdir",
                               "mkdir",
                               "rename",
                               "munmap",
                               "mprotect",
                               "nanosleep",
                               "sched_yield",
                               "pthread_self",
                               "pthread_join",
                               "pthread_detach",
                               "isatty",
                               "realpath",
                               "pause",
                               "pthread_key_create",
                               "pthread_key_delete",
                               "pthread_getspecific",
                               "pthread_setspecific",
                               "sin",
                               "cos",
                               "tan",
                               "pow",
                               "powf",
                               "log",
                               "log2",
                               "exp",
                               "exp2",
                               "expf",
                               "fmod",
                               "atan2",
                               "hypot",
                               "cbrt",
                               "setenv",
                               "unsetenv",
                               "lseek",
                               "ftruncate",
                               "fsync",
                               "gettimeofday",
                               "getentropy",
                               "pipe",
                               "poll",
                               "waitpid",
                               "kill",
                               "execvp",
                               "fork",
                               "chmod",
                               "fchmod",
                               "symlink",
                               "readlink",
                               "link",
                               "access",
                               "chdir",
                               "umask",
                               "getgid",
                               "getegid",
                               "getppid",
                               "strerror",
                               "strncmp",
                               "strchr",
                               "bcmp",
                               "floor",
                               "ceil",
                               "round",
                               "roundf",
                               "floorf",
                               "ceilf",
                               "trunc",
                               "truncf",
                               "sinf",
                               "cosf",
                               "tanf",
                               "atan2f",
                               "acos",
                               "acosf",
                               "asin",
                               "atan",
                               "logf",
                               "log10",
                               "log2f",
                               "exp2f",
                               "cbrtf",
                               "hypotf",
                               "fmodf",
                               "fma",
                               "fmaf",
                               0};
    for (int i = 0; ok[i]; i++)
        if (n[0] == '_' && !strcmp(n + 1, ok[i]))
            return dlsym(RTLD_DEFAULT, ok[i]);
    return 0;
}
__attribute__((force_align_arg_pointer)) static void missing(const char *n) {
    fprintf(stderr, "machorun: call of unshimmed import %s\n", n);
    _exit(99);
}
static void *stub_for(const char *n) { // mov rdi, n ; mov rax, missing ; call rax
    static uint8_t *pg;
    static int used;
    if (!pg || used > 4000) {
        pg = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        used = 0;
    }
    uint8_t *p = pg + used;
    used += 32;
    void *m = missing;
    p[0] = 0x48;
    p[1] = 0xbf;
    memcpy(p + 2, &n, 8);
    p[10] = 0x48;
    p[11] = 0xb8;
    memcpy(p + 12, &m, 8);
    p[20] = 0xff;
    p[21] = 0xd0;
    return p;
}
static void *lookup(const char *n, int quiet) {
    for (size_t i = 0; i < sizeof tab / sizeof *tab; i++)
        if (!strcmp(tab[i].n, n))
            return tab[i].f;
    void *p = plain(n);
    if (p || quiet)
        return p;
    return stub_for(strdup(n));
}
static void *s_dlsym(void *h, const char *n) {
    char b[256];
    snprintf(b, 256, "_%s", n);
    return lookup(b, 1);
}

// ---------------------------------------------------------------- loader
static uint64_t uleb(uint8_t **p) {
    uint64_t r = 0;
    int s = 0;
    do {
        r |= (uint64_t)(**p & 127) << s;
        s += 7;
    } while (*(*p)++ & 128);
    return r;
}
static uint64_t segva[32];
static void rebase(uint8_t *p, uint8_t *e) {
    uint64_t a = 0, n, sk;
    while (p < e) {
        int op = *p & 0xf0, im = *p & 15;
        p++;
#define RB                                                                                                             \
    {                                                                                                                  \
        *(uint64_t *)a += slide;                                                                                       \
        a += 8;                                                                                                        \
    }
        switch (op) {
        case 0:
            return;
        case 0x10:
            break;
        case 0x20:
            a = segva[im] + uleb(&p);
            break;
        case 0x30:
            a += uleb(&p);
            break;
        case 0x40:
            a += im * 8;
            break;
        case 0x50:
            for (int i = 0; i < im; i++)
                RB break;
        case 0x60:
            n = uleb(&p);
            while (n--)
                RB break;
        case 0x70:
            RB a += uleb(&p);
            break;
        case 0x80:
            n = uleb(&p);
            sk = uleb(&p);
            while (n--) {
                RB a += sk;
            }
            break;
        }
    }
}
static void bind(uint8_t *p, uint8_t *e, int lazy) {
    uint64_t a = 0, n, sk;
    int64_t add = 0;
    const char *s = 0;
    while (p < e) {
        int op = *p & 0xf0, im = *p & 15;
        p++;
#define BD                                                                                                             \
    {                                                                                                                  \
        *(uint64_t *)a = (uint64_t)lookup(s, 0) + add;                                                                 \
        a += 8;                                                                                                        \
    }
        switch (op) {
        case 0:
            if (!lazy)
                return;
            break;
        case 0x20:
            uleb(&p);
            break;
        case 0x40:
            s = (char *)p;
            p += strlen(s) + 1;
            break;
        case 0x60:
            add = (int64_t)uleb(&p);
            break;
        case 0x70:
            a = segva[im] + uleb(&p);
            break;
        case 0x80:
            a += uleb(&p);
            break;
        case 0x90:
            BD break;
        case 0xa0:
            BD a += uleb(&p);
            break;
        case 0xb0:
            BD a += im * 8;
            break;
        case 0xc0:
            n = uleb(&p);
            sk = uleb(&p);
            while (n--) {
                BD a += sk;
            }
            break;
        }
    }
}

// Chained fixups (<mach-o/fixup-chains.h>), what a linker writes for macOS 13 and later: each page's pointers to set
// right are a list, in the pointers themselves.
static void *import_at(const uint8_t *data, uint32_t index, int64_t *addend) {
    const uint32_t *h = (const uint32_t *)data;
    const char *symbols = (const char *)data + h[3];
    *addend = 0;
    switch (h[5]) {
    case 1:
        return lookup(symbols + (((const uint32_t *)(data + h[2]))[index] >> 9), 0);
    case 2:
        *addend = ((const int32_t *)(data + h[2]))[2 * index + 1];
        return lookup(symbols + (((const uint32_t *)(data + h[2]))[2 * index] >> 9), 0);
    case 3:
        *addend = ((const int64_t *)(data + h[2]))[2 * index + 1];
        return lookup(symbols + (((const uint64_t *)(data + h[2]))[2 * index] >> 32), 0);
    default:
        fprintf(stderr, "machorun: imports of an unknown format\n");
        _exit(2);
    }
}

static void fix_page(const uint8_t *data, void **imports, int64_t *addends, uint8_t *at, int format, uint64_t base) {
    for (;;) {
        uint64_t value = *(uint64_t *)at, next = value >> 51 & 0xfff;
        if (value >> 63) {
            uint32_t index = value & 0xffffff;
            if (!imports[index])
                imports[index] = import_at(data, index, &addends[index]);
            *(uint64_t *)at = (uint64_t)imports[index] + addends[index] + (value >> 24 & 0xff);
        } else {
            uint64_t target = (value & 0xfffffffffull) | (value >> 36 & 0xff) << 56;
            *(uint64_t *)at = target + (format == 6 ? base : 0) + slide;
        }
        if (!next)
            return;
        at += next * 4;
    }
}

static void fix_chains(const uint8_t *data, uint64_t base) {
    const uint32_t *h = (const uint32_t *)data, *starts = (const uint32_t *)(data + h[1]);
    void **imports = calloc(h[4] + 1, sizeof *imports);
    int64_t *addends = calloc(h[4] + 1, sizeof *addends);
    for (uint32_t segment = 0; segment < starts[0]; segment++) {
        if (!starts[1 + segment])
            continue;
        const uint8_t *s = (const uint8_t *)starts + starts[1 + segment];
        int page_size = *(const uint16_t *)(s + 4), format = *(const uint16_t *)(s + 6);
        uint64_t offset = *(const uint64_t *)(s + 8);
        int pages = *(const uint16_t *)(s + 20);
        if (format != 2 && format != 6) {
            fprintf(stderr, "machorun: pointers of an unknown format %d\n", format);
            _exit(2);
        }
        for (int page = 0; page < pages; page++) {
            uint16_t first = ((const uint16_t *)(s + 22))[page];
            if (first != 0xffff)
                fix_page(data, imports, addends, img + offset + (uint64_t)page * page_size + first, format, base);
        }
    }
    free(imports);
    free(addends);
}

int main(int argc, char **argv) {
    if (argc < 2)
        return fprintf(stderr, "machorun FILE [args]\n"), 2;
    g_argc = argc - 1;
    g_argv = argv + 1;
    int fd = open(argv[1], O_RDONLY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st))
        return perror(argv[1]), 2;
    uint8_t *f = mmap(0, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    uint32_t off = 0;
    if (*(uint32_t *)f == 0xbebafeca) {
        uint32_t n = __builtin_bswap32(*(uint32_t *)(f + 4));
        for (uint32_t i = 0; i < n; i++) {
            uint32_t *a = (uint32_t *)(f + 8 + 20 * i);
            if (__builtin_bswap32(a[0]) == 0x01000007)
                off = __builtin_bswap32(a[2]);
        }
    }
    uint8_t *m = f + off;
    uint32_t *h = (uint32_t *)m;
    if (h[0] != 0xfeedfacf || h[1] != 0x01000007)
        return fprintf(stderr, "no x86_64 slice\n"), 2;
    uint64_t hi = 0;
    uint8_t *c = m + 32;
    for (uint32_t i = 0; i < h[4]; i++, c += ((uint32_t *)c)[1])
        if (*(uint32_t *)c == 0x19) {
            uint64_t e = *(uint64_t *)(c + 24) + *(uint64_t *)(c + 32);
            if (e > hi)
                hi = e;
        }
    uint64_t base = 0x100000000ull;
    img = mmap(0, hi - base, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    slide = (int64_t)img - base;
    uint32_t *di = 0;
    uint64_t entry = 0;
    int ns = 0;
    uint8_t *inits = 0, *chains = 0;
    uint32_t *init_offsets = 0;
    uint64_t ninits = 0, ninit_offsets = 0;
    c = m + 32;
    for (uint32_t i = 0; i < h[4]; i++, c += ((uint32_t *)c)[1])
        switch (*(uint32_t *)c) {
        case 0x19: {
            uint64_t va = *(uint64_t *)(c + 24), vs = *(uint64_t *)(c + 32), fo = *(uint64_t *)(c + 40),
                     fs = *(uint64_t *)(c + 48);
            segva[ns++] = va + slide;
            if (va < base)
                break;
            mprotect((void *)(va + slide), (vs + 4095) & ~4095ull, 7);
            memcpy((void *)(va + slide), m + fo, fs);
            uint32_t nsec = *(uint32_t *)(c + 64);
            for (uint32_t k = 0; k < nsec; k++) {
                uint8_t *s = c + 72 + 80 * k;
                uint32_t ty = *(uint32_t *)(s + 64) & 255;
                uint64_t sa = *(uint64_t *)(s + 32) + slide, sz = *(uint64_t *)(s + 40);
                if (ty == 0x11) {
                    if (!tls_init)
                        tls_init = (uint8_t *)sa;
                    tls_filled = sa + sz - (uint64_t)tls_init;
                    tls_size = tls_filled;
                }
                if (ty == 0x12) {
                    if (!tls_init)
                        tls_init = (uint8_t *)sa;
                    tls_size = sa + sz - (uint64_t)tls_init;
                }
                if (ty == 0x9) {
                    inits = (uint8_t *)sa;
                    ninits = sz / 8;
                }
                if (ty == 0x16) {
                    init_offsets = (uint32_t *)sa;
                    ninit_offsets = sz / 4;
                }
            }
            break;
        }
        case 0x22:
        case 0x80000022:
            di = (uint32_t *)(c + 8);
            break;
        case 0x80000028:
            entry = *(uint64_t *)(c + 8);
            break;
        case 0x80000034:
            chains = m + ((uint32_t *)c)[2];
            break;
        }
    if (chains)
        fix_chains(chains, base);
    if (di) {
        rebase(m + di[0], m + di[0] + di[1]);
        bind(m + di[2], m + di[2] + di[3], 0);
        bind(m + di[6], m + di[6] + di[7], 1);
    }
    for (uint64_t i = 0; i < ninits; i++)
        ((void (*)(int, char **, char **))((uint64_t *)inits)[i])(g_argc, g_argv, environ);
    for (uint64_t i = 0; i < ninit_offsets; i++)
        ((void (*)(int, char **, char **))(img + init_offsets[i]))(g_argc, g_argv, environ);
    int rc = ((int (*)(int, char **, char **))(img + entry))(g_argc, g_argv, environ);
    fflush(0);
    exit(rc);
}
