/* LD_PRELOAD: gives a process /dev/dma_heap/linux,cma backed by memfd, for tests on kernels without
 * dma-buf heaps. A real heap's buffers are no files; these are, and RLIMIT_FSIZE=0 forbids to make
 * them: with DMA_HEAP_SPARE=N in the environment, N of SPARE_BYTES are made when the process starts.
 * cc -shared -fPIC -O2 -o dmaheap_shim.so dmaheap_shim.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct heap_alloc {
	uint64_t len;
	uint32_t fd, fd_flags;
	uint64_t heap_flags;
};
#define HEAP_ALLOC _IOWR('H', 0, struct heap_alloc)
#define HEAP "/dev/dma_heap/linux,cma"
#define SPARE_BYTES (4 << 20)
#define MOST_SPARES 64

static int spares[MOST_SPARES], spare_count;

static int made(uint64_t size)
{
	int fd = memfd_create("dmabuf", MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

__attribute__((constructor)) static void make_spares(void)
{
	const char *wanted = getenv("DMA_HEAP_SPARE");
	int count = wanted ? atoi(wanted) : 0;
	while (spare_count < count && spare_count < MOST_SPARES)
		spares[spare_count++] = made(SPARE_BYTES);
}

static int heap(const char *path)
{
	return path && !strcmp(path, HEAP) ? memfd_create("dma-heap", MFD_CLOEXEC) : -2;
}

#define NEXT(name) \
	static __typeof__(&name) real; \
	if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
	int name(const char *path, int flags, ...) \
	{ \
		va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
		int fd = heap(path); \
		if (fd != -2) return fd; \
		NEXT(name); \
		return real(path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
	int name(int dir, const char *path, int flags, ...) \
	{ \
		va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
		int fd = heap(path); \
		if (fd != -2) return fd; \
		NEXT(name); \
		return real(dir, path, flags, mode); \
	}
OPENAT(openat)
OPENAT(openat64)

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest; va_start(rest, request); void *argument = va_arg(rest, void *); va_end(rest);
	if ((uint32_t)request == (uint32_t)HEAP_ALLOC) {
		struct heap_alloc *wanted = argument;
		int got = spare_count && wanted->len <= SPARE_BYTES ? spares[--spare_count] : made(wanted->len);
		if (got < 0) return -1;
		wanted->fd = got;
		return 0;
	}
	NEXT(ioctl);
	int result = real(fd, request, argument);
	/* DMA_BUF_IOCTL_SYNC and DMA_BUF_SET_NAME mean nothing to a memfd. */
	if (result < 0 && errno == ENOTTY && (((uint32_t)request >> 8) & 0xff) == 'b' && ((uint32_t)request & 0xff) <= 1)
		return 0;
	return result;
}
