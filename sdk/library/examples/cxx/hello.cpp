#include "ostler_executor.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;

// What every call gets: `execute` waits here, and `cancel`, which comes on another thread, ends the waiting.
class Greeter {
public:
    int execute(const ostler_task &task) {
        const std::string_view payload(task.payload, task.payload_length);
        const long count = number(payload, "\"times\"", 1), pause = number(payload, "\"pause\"", 0);
        long done = 0;
        while (done < count && !task.cancelled(&task)) {
            task.output(&task, OSTLER_STDOUT, "hello\n", 6);
            task.progress(&task, static_cast<double>(++done), static_cast<double>(count), "greeting");
            std::unique_lock lock(mutex_);
            cancelled_.wait_for(lock, pause * 1s, [&] { return task.cancelled(&task) != 0; });
        }
        const std::string result = "{\"greeted\":" + std::to_string(done) + "}";
        task.result(&task, result.data(), result.size());
        return done == count ? 0 : 1;
    }

    void cancel() {
        const std::lock_guard lock(mutex_);
        cancelled_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable cancelled_;

    // The payload has been checked by the manifest's schema: a member's name stands in it once, with a number behind it.
    static long number(std::string_view payload, std::string_view name, long absent) {
        const auto found = payload.find(name);
        return found == payload.npos ? absent : std::stol(std::string(payload.substr(payload.find(':', found) + 1)));
    }
};

// No exception may cross into C; this is the one place where they are caught.
int execute(void *state, const ostler_task *task) noexcept {
    try {
        return static_cast<Greeter *>(state)->execute(*task);
    } catch (const std::exception &error) {
        task->fail(task, "greeting_failed", error.what());
        return 1;
    }
}

int open(const char *, size_t, void **state, char *, size_t) noexcept {
    *state = new Greeter;
    return 0;
}

void cancel(void *state, const char *) noexcept { static_cast<Greeter *>(state)->cancel(); }

int health(void *, char *detail, size_t capacity) noexcept {
    std::snprintf(detail, capacity, "ready to greet");
    return 0;
}

void close(void *state) noexcept { delete static_cast<Greeter *>(state); }

constexpr struct ostler_executor executor = {
    sizeof(struct ostler_executor), OSTLER_EXECUTOR_ABI, open, execute, cancel, health, close};

}  // namespace

extern "C" const struct ostler_executor *ostler_executor(uint32_t abi) {
    return abi == OSTLER_EXECUTOR_ABI ? &executor : nullptr;
}
