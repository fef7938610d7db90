// The steps of a plan that say which programs there are.
#include <sys/mman.h>

#include "plan_read.h"

static size_t files_size(const struct plan *plan) {
    // One more: the mask, by which a masked file is told when somebody wants to start it.
    return sizeof(struct ostler_file_id) * ((size_t)plan->programs.allow_count + plan->programs.block_count + 1);
}

/// The ids lie in shared memory: a file that the builder copies into the view is another one there.
static bool parse_programs(struct plan *plan, struct cursor *body) {
    const struct ostler_programs *programs = take(body, sizeof *programs);
    if (!programs || plan->has_programs) return false;
    uint64_t count = (uint64_t)programs->allow_count + programs->block_count;
    if (body->left != count * sizeof(struct ostler_file_id)) return false;
    plan->programs = *programs;
    void *files = mmap(NULL, files_size(plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (files == MAP_FAILED) return false;
    plan->files = files;
    plan->mask = &plan->files[count];
    plan->has_programs = true;
    memcpy(plan->files, body->at, body->left);
    return take(body, body->left);
}

void plan_free_files(struct plan *plan) {
    if (plan->files) munmap(plan->files, files_size(plan));
}

static bool parse_host_file(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const struct ostler_host_file *file = take(body, sizeof *file);
    const char *source = file ? take_string(body) : NULL;
    const char *target = source ? take_string(body) : NULL;
    if (!is_view_path(source) || !is_view_path(target) || body->left) return false;
    if (file->program > plan->programs.allow_count) return false;
    struct plan_step *step = plan_add_step(plan, head, false);
    step->stamp = file->stamp;
    step->source = source;
    step->target = target;
    step->copy_of = file->program ? &plan->files[file->program - 1] : NULL;
    return true;
}

static bool parse_mask(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const struct ostler_file_id *id = take(body, sizeof *id);
    const char *target = id ? take_string(body) : NULL;
    if (!is_view_path(target) || body->left || !plan->has_programs) return false;
    struct plan_step *step = plan_add_step(plan, head, false);
    step->stamp.id = *id;
    step->target = target;
    return true;
}

static bool parse_witness(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const struct ostler_stamp *stamp = take(body, sizeof *stamp);
    const char *source = stamp ? take_string(body) : NULL;
    if (!is_view_path(source) || body->left) return false;
    struct plan_step *step = plan_add_step(plan, head, false);
    step->stamp = *stamp;
    step->source = source;
    step->target = "";
    plan->has_witnesses = true;
    return true;
}

static bool parse_landlock(struct plan *plan, struct cursor *body) {
    const struct ostler_landlock *landlock = take(body, sizeof *landlock);
    if (!landlock || plan->has_landlock || (!landlock->limits_execution && body->left)) return false;
    plan->has_landlock = true;
    plan->limits_execution = landlock->limits_execution;
    plan->executable = body->at;
    for (; body->left; plan->executable_count++) {
        if (!is_view_path(take_string(body))) return false;
    }
    return true;
}

bool parse_program_step(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    switch (head->kind) {
    case OSTLER_STEP_HOST_FILE:
        return parse_host_file(plan, head, body);
    case OSTLER_STEP_MASK:
        return parse_mask(plan, head, body);
    case OSTLER_STEP_WITNESS:
        return parse_witness(plan, head, body);
    case OSTLER_STEP_LANDLOCK:
        return parse_landlock(plan, body);
    default:
        return parse_programs(plan, body);
    }
}

/// Whether the plan leaves no way to execute what a sandbox can write.
bool plan_fences_programs(const struct plan *plan) {
    if (!plan->has_programs || plan->seccomp != OSTLER_SECCOMP_NO_MEMORY_FILES) return false;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        bool is_mount = step->kind == OSTLER_STEP_TMPFS || step->kind == OSTLER_STEP_BIND;
        if (is_mount && !(step->flags & (OSTLER_BIND_NOEXEC | OSTLER_BIND_RO))) return false;
    }
    return true;
}
