/* A stand-in for NVIDIA's libnvidia-ml.so.1: the calls that sentinel makes, with NVML's ABI, error codes and units.
 *
 * What it answers is read, at every call, from the file named by NVML_STANDIN, one directive per line:
 *   devices N            how many devices there are (default 2)
 *   lost I               device I fell off the bus: every call with it answers GPU_IS_LOST
 *   refuse SYMBOL        that call answers NOT_SUPPORTED
 *   mig I N              device I is in MIG mode with N instances (of at most 7)
 *   gone                 the driver went away: every call answers DRIVER_NOT_LOADED
 * Compiled with -DOLD_DRIVER, symbols that came with driver 535 are missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
       INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };
enum { MOST = 8, MOST_INSTANCES = 7 };

typedef struct { int index, instance; } device_t; /* instance -1: the whole device */
typedef struct { unsigned int gpu, memory; } utilization_t;
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int pid; unsigned long long used; unsigned int gpu_instance, compute_instance; } process_t;

typedef struct { unsigned int pid; unsigned long long at; unsigned int sm, memory, encoder, decoder; } busy_t;

static device_t devices[MOST][MOST_INSTANCES + 1];
static int initialised = 0;

static int directive(const char *word, const char *name, int first, int *second) {
    char line[256], key[64], text[128];
    int found = 0, number;
    const char *path = getenv("NVML_STANDIN");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return 0;
    while (!found && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63s", key) != 1 || strcmp(key, word)) continue;
        if (name) found = sscanf(line, "%*s %127s", text) == 1 && !strcmp(text, name);
        else if (first >= 0) found = sscanf(line, "%*s %d %d", &number, second ? second : &number) >= 1 && atoi(line + strlen(word)) == first;
        else found = second ? sscanf(line, "%*s %d", second) == 1 : 1;
    }
    fclose(file);
    return found;
}

static int check(const char *symbol, const device_t *device) {
    if (directive("gone", NULL, -1, NULL)) return DRIVER_NOT_LOADED;
    if (!initialised) return UNINITIALIZED;
    if (device && directive("lost", NULL, device->index, NULL)) return GPU_IS_LOST;
    if (directive("refuse", symbol, -1, NULL)) return NOT_SUPPORTED;
    return SUCCESS;
}
#define CHECK(device) do { int code = check(__func__, device); if (code) return code; } while (0)
#define WHOLE_ONLY(device) do { if ((device)->instance >= 0) return NOT_SUPPORTED; } while (0)

int nvmlInitWithFlags(unsigned int flags) {
    (void)flags;
    if (directive("gone", NULL, -1, NULL)) return DRIVER_NOT_LOADED;
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j <= MOST_INSTANCES; j++) devices[i][j] = (device_t){i, j - 1};
    initialised = 1;
    return SUCCESS;
}
int nvmlShutdown(void) { CHECK(NULL); initialised = 0; return SUCCESS; }
const char *nvmlErrorString(int code) { return code ? "stand-in error" : "Success"; }

int nvmlDeviceGetCount_v2(unsigned int *count) {
    int n = 2;
    CHECK(NULL);
    directive("devices", NULL, -1, &n);
    *count = (unsigned int)n;
    return SUCCESS;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, device_t **device) {
    unsigned int count;
    CHECK(NULL);
    nvmlDeviceGetCount_v2(&count);
    if (index >= count) return INVALID_ARGUMENT;
    *device = &devices[index][0];
    return check(__func__, *device);
}
int nvmlDeviceGetName(device_t *device, char *name, unsigned int length) {
    CHECK(device);
    const char *text = device->instance >= 0 ? "NVIDIA H100 80GB HBM3 MIG 1g.10gb" : "NVIDIA H100 80GB HBM3";
    if (strlen(text) >= length) return INSUFFICIENT_SIZE;
    strcpy(name, text);
    return SUCCESS;
}
int nvmlDeviceGetUUID(device_t *device, char *uuid, unsigned int length) {
    CHECK(device);
    return snprintf(uuid, length, device->instance >= 0 ? "MIG-%d-%d" : "GPU-%d%d", device->index, device->instance) < (int)length
               ? SUCCESS : INSUFFICIENT_SIZE;
}
int nvmlDeviceGetUtilizationRates(device_t *device, utilization_t *rates) {
    CHECK(device); WHOLE_ONLY(device);
    *rates = (utilization_t){73, 41};
    return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(device_t *device, memory_t *memory) {
    CHECK(device);
    unsigned long long gib = 1ull << 30, total = device->instance >= 0 ? 10 * gib : 80 * gib;
    *memory = (memory_t){total, total - 6 * gib, 6 * gib};
    return SUCCESS;
}
int nvmlDeviceGetPowerUsage(device_t *device, unsigned int *milliwatts) {
    CHECK(device); WHOLE_ONLY(device); *milliwatts = 412500; return SUCCESS;
}
int nvmlDeviceGetEnforcedPowerLimit(device_t *device, unsigned int *milliwatts) {
    CHECK(device); WHOLE_ONLY(device); *milliwatts = 700000; return SUCCESS;
}
int nvmlDeviceGetTemperature(device_t *device, int sensor, unsigned int *celsius) {
    CHECK(device); WHOLE_ONLY(device);
    if (sensor != 0) return INVALID_ARGUMENT;
    *celsius = 61;
    return SUCCESS;
}
int nvmlDeviceGetClockInfo(device_t *device, int type, unsigned int *mhz) {
    CHECK(device); WHOLE_ONLY(device);
    *mhz = type == 1 ? 1755 : 2619;
    return SUCCESS;
}
#ifndef OLD_DRIVER
int nvmlDeviceGetCurrentClocksEventReasons(device_t *device, unsigned long long *reasons) {
    CHECK(device); WHOLE_ONLY(device); *reasons = 0x4 | 0x20; return SUCCESS; /* power cap, software thermal */
}
#endif
int nvmlDeviceGetCurrentClocksThrottleReasons(device_t *device, unsigned long long *reasons) {
    CHECK(device); WHOLE_ONLY(device); *reasons = 0x1; return SUCCESS; /* idle */
}
int nvmlDeviceGetTotalEccErrors(device_t *device, int type, int counter, unsigned long long *count) {
    CHECK(device); WHOLE_ONLY(device);
    if (counter != 0) return INVALID_ARGUMENT;
    *count = type == 0 ? 12 : 1;
    return SUCCESS;
}
int nvmlDeviceGetPcieThroughput(device_t *device, int counter, unsigned int *kib) {
    CHECK(device); WHOLE_ONLY(device); *kib = counter == 0 ? 100 : 300; return SUCCESS;
}
int nvmlDeviceGetPcieReplayCounter(device_t *device, unsigned int *count) {
    CHECK(device); WHOLE_ONLY(device); *count = 3; return SUCCESS;
}
int nvmlDeviceGetMigMode(device_t *device, unsigned int *current, unsigned int *pending) {
    CHECK(device);
    *current = *pending = (unsigned int)directive("mig", NULL, device->index, NULL);
    return SUCCESS;
}
int nvmlDeviceGetMaxMigDeviceCount(device_t *device, unsigned int *count) {
    CHECK(device); *count = MOST_INSTANCES; return SUCCESS;
}
int nvmlDeviceGetMigDeviceHandleByIndex(device_t *device, unsigned int index, device_t **instance) {
    int n = 0;
    CHECK(device);
    directive("mig", NULL, device->index, &n);
    if ((int)index >= n) return NOT_FOUND;
    *instance = &devices[device->index][index + 1];
    return SUCCESS;
}
int nvmlDeviceGetComputeRunningProcesses_v3(device_t *device, unsigned int *count, process_t *processes) {
    const unsigned int running = 3;
    CHECK(device);
    if (*count < running) { *count = running; return INSUFFICIENT_SIZE; }
    for (unsigned int i = 0; i < running; i++) processes[i] = (process_t){100 + i, (1ull << 30) * (i + 1), ~0u, ~0u};
    processes[2].used = ~0ull; /* the driver does not know */
    *count = running;
    return SUCCESS;
}
int nvmlDeviceGetProcessUtilization(device_t *device, busy_t *samples, unsigned int *count, unsigned long long since) {
    static const busy_t buffered[] = {{101, 3000, 60, 20, 0, 0}, {100, 2000, 5, 1, 0, 0}, {101, 1000, 90, 30, 0, 0}};
    const unsigned int kept = sizeof buffered / sizeof *buffered;
    (void)since;
    CHECK(device);
    WHOLE_ONLY(device);
    if (!samples || *count < kept) { *count = kept; return INSUFFICIENT_SIZE; }
    for (unsigned int i = 0; i < kept; i++) samples[i] = buffered[i];
    *count = kept;
    return SUCCESS;
}
