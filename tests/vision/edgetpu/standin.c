/* A stand-in for libedgetpu.so.1: a TensorFlow Lite delegate that claims `edgetpu-custom-op`.

   It behaves, and misbehaves, as the file named by STANDIN_EDGETPU says when it is loaded and at
   every picture: "ok", "absent", "error", "hang", "abort", or "slow" (a late answer). What the
   compiled operation would answer comes from the program STANDIN_TWIN names (twin.py, on the CPU),
   so that the whole way gives real verdicts. The structures are those of TensorFlow Lite's C
   interface (tensorflow/lite/core/c/common.h), cut down to what is touched here: of a newer one, or
   with -DLAYOUT_25 of TensorFlow 2.5, as Google's last build has them. "crash": it ends by SIGSEGV as
   soon as the runtime calls it. -DLABEL is what it says of its build. */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LABEL
#define LABEL "COMPILER=14.2.0,DATE=Sep 17 2025,TIME=15:33:39"
#endif

typedef enum { kOk = 0, kError = 1 } Status;
typedef struct { int size; int data[]; } IntArray;
struct Context;
struct Delegate;

typedef struct {
  int type;
  void *data;
  IntArray *dims;
  float scale;
  int32_t zero_point;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  struct Delegate *delegate;
  int buffer_handle;
  bool data_is_stale, is_variable;
  int quantization_type;
  void *quantization_params, *sparsity;
  IntArray *dims_signature;
} Tensor;

typedef struct {
  IntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data, *builtin_data;
  const void *custom_data;
  int custom_size;
  struct Delegate *delegate;
  bool may_have_side_effect;
} Node;

typedef struct {
  void *(*init)(struct Context *, const char *, size_t);
  void (*free)(struct Context *, void *);
  Status (*prepare)(struct Context *, Node *);
  Status (*invoke)(struct Context *, Node *);
  const char *(*profiling_string)(const struct Context *, const Node *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
#ifndef LAYOUT_25
  void *later[8]; /* newer versions add fields: zero means absent */
#endif
} Registration;

typedef struct Context {
  size_t tensors_size;
  Status (*plan)(struct Context *, IntArray **);
  Tensor *tensors;
  void *impl;
  Status (*resize)(struct Context *, Tensor *, IntArray *);
  void (*report)(struct Context *, const char *, ...);
  Status (*add_tensors)(struct Context *, int, int *);
  Status (*node)(struct Context *, int, Node **, Registration **);
  Status (*replace)(struct Context *, Registration, const IntArray *, struct Delegate *);
} Context;

typedef struct Delegate {
  void *data;
  Status (*prepare)(Context *, struct Delegate *);
  void *copy_from, *copy_to, *free_buffer;
  int64_t flags;
#ifdef LAYOUT_25
  void *own[16]; /* what lies behind it in memory is no field, and not zero */
#else
  void *opaque, *later[4];
#endif
} Delegate;

enum { kAllowDynamicTensors = 1 }; /* else the operation is prepared before it is claimed */

static int to_twin = -1, from_twin = -1;

static const char *mode(void) {
  static char text[16];
  const char *path = getenv("STANDIN_EDGETPU");
  FILE *file = path ? fopen(path, "r") : NULL;
  memset(text, 0, sizeof text);
  if (file) {
    if (!fgets(text, sizeof text, file)) text[0] = 0;
    fclose(file);
  }
  text[strcspn(text, "\n")] = 0;
  return text;
}

static bool is(const char *word) { return strcmp(mode(), word) == 0; }

static bool all(ssize_t (*move)(int, void *, size_t), int twin, void *bytes, size_t size) {
  for (char *at = bytes; size;) {
    ssize_t count = move(twin, at, size);
    if (count <= 0) return false;
    at += count;
    size -= (size_t)count;
  }
  return true;
}

static ssize_t give(int fd, void *bytes, size_t size) { return write(fd, bytes, size); }

static void start_twin(const char *command) {
  int there[2], back[2]; /* the process that this is may make no sockets */
  if (pipe(there) || pipe(back)) return;
  if (fork() == 0) {
    dup2(there[0], 0);
    dup2(back[1], 1);
    close(there[1]), close(back[0]);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
  }
  close(there[0]), close(back[1]);
  to_twin = there[1], from_twin = back[0];
  char ready; /* it has loaded, or it has ended */
  if (read(from_twin, &ready, 1) != 1) close(to_twin), close(from_twin), to_twin = -1;
}

static Status op_prepare(Context *context, Node *node) {
  (void)context, (void)node;
  return kOk;
}

static Status op_invoke(Context *context, Node *node) {
  Tensor *in = &context->tensors[node->inputs->data[0]];
  Tensor *out = &context->tensors[node->outputs->data[0]];
  if (is("abort")) {
    fprintf(stderr, "F driver/usb/usb_driver.cc] transfer on tag 1 failed. Abort.\n");
    abort();
  }
  while (is("hang")) usleep(10000);
  if (is("slow")) usleep(400000);
  if (is("error")) {
    context->report(context, "stand-in: USB transfer error 1 [LibUsbDataInCallback]");
    return kError;
  }
  if (!all(give, to_twin, in->data, in->bytes) || !all(read, from_twin, out->data, out->bytes)) {
    context->report(context, "stand-in: the twin is gone");
    return kError;
  }
  return kOk;
}

static Status prepare(Context *context, Delegate *delegate) {
  IntArray *plan, *mine;
  Registration claim = {.prepare = op_prepare, .invoke = op_invoke, .version = 1};
  Status status;
  if (context->plan(context, &plan)) return kError;
  mine = calloc(1, sizeof(int) * ((size_t)plan->size + 1));
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *found;
    if (context->node(context, plan->data[i], &node, &found)) return kError;
    if (found->custom_name && !strcmp(found->custom_name, "edgetpu-custom-op"))
      mine->data[mine->size++] = plan->data[i];
  }
  claim.custom_name = "StandInForEdgeTpu";
  status = context->replace(context, claim, mine, delegate);
  free(mine);
  return status;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                        void (*report)(const char *)) {
  const char *command = getenv("STANDIN_TWIN");
  Delegate *delegate;
  (void)keys, (void)values, (void)count;
  if (is("crash")) raise(SIGSEGV);
  if (is("absent") || !command) {
    if (report) report("stand-in: no Edge TPU was found");
    return NULL;
  }
  if (to_twin < 0) start_twin(command);
  delegate = calloc(1, sizeof *delegate);
  delegate->prepare = prepare;
  delegate->flags = kAllowDynamicTensors;
#ifdef LAYOUT_25
  for (int i = 0; i < 16; i++) delegate->own[i] = &delegate->own[i];
#endif
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }

const char *edgetpu_version(void) { return "BuildLabel(" LABEL "), RuntimeVersion(14)"; }
