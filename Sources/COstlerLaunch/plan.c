// Plans are read once, strictly: a plan that cannot be understood to the last byte is refused.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher.h"
#include "plan_read.h"

enum {
    BIND_FLAGS = OSTLER_BIND_RO | OSTLER_BIND_NOEXEC | OSTLER_BIND_RECURSIVE | OSTLER_BIND_OPTIONAL | OSTLER_BIND_IDMAP |
                 OSTLER_BIND_NO_LINKS | OSTLER_BIND_EACH,
    RULE_RIGHTS = OSTLER_RULE_READ | OSTLER_RULE_EXECUTE | OSTLER_RULE_WRITE | OSTLER_RULE_IOCTL | OSTLER_RULE_OPTIONAL,
};

/// "/a/b": absolute, without empty, "." or ".." parts, and not the root itself.
bool is_view_path(const char *path) {
    if (!path || path[0] != '/' || strlen(path) >= 4096) return false;
    while (*path) {
        const char *part = path + 1;
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        path = part + length;
    }
    return true;
}

bool path_is_below(const char *path, const char *directory) {
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/// What lies below a mount that each sandbox makes for itself would be hidden by it in the template.
static bool is_covered(const struct plan *plan, const char *target) {
    for (uint32_t i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].per_sandbox && path_is_below(target, plan->steps[i].target)) return true;
    }
    return false;
}

struct plan_step *plan_add_step(struct plan *plan, const struct ostler_step *head, bool per_sandbox) {
    struct plan_step *step = &plan->steps[plan->step_count++];
    step->kind = head->kind;
    step->mode = head->mode & 07777;
    step->per_sandbox = per_sandbox;
    return step;
}

static bool parse_bind(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const struct ostler_bind *bind = take(body, sizeof *bind);
    if (!bind) return false;
    const char *source = take_string(body);
    const char *target = source ? take_string(body) : NULL;
    if (!target || body->left || source[0] != '/' || !is_view_path(target)) return false;
    uint32_t flags = bind->flags;
    if (flags & ~(uint32_t)BIND_FLAGS) return false;
    // An ordinary user's files already appear as the sandbox's own: the slot maps the same id.
    if (!launcher.real_root) flags &= ~(uint32_t)OSTLER_BIND_IDMAP;
    bool per_sandbox = flags & (OSTLER_BIND_IDMAP | OSTLER_BIND_EACH) || is_covered(plan, target);
    struct plan_step *step = plan_add_step(plan, head, per_sandbox);
    step->flags = flags;
    step->source = source;
    step->target = target;
    if (flags & OSTLER_BIND_IDMAP) plan->needs_idmap = true;
    return !per_sandbox || plan->sandbox_binds++ < SANDBOX_BINDS_MAX;
}

static bool parse_view(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const char *source = head->kind == OSTLER_STEP_SYMLINK ? take_string(body) : "";
    if (!source) return false;
    const char *target = head->kind == OSTLER_STEP_DEVICES ? "/dev" : take_string(body);
    if (!is_view_path(target)) return false;
    if (head->kind != OSTLER_STEP_FILE && body->left) return false;
    if (head->kind != OSTLER_STEP_PROC && is_covered(plan, target)) {
        plan->problem = "a step lies below a mount that each sandbox makes for itself";
        return false;
    }
    struct plan_step *step = plan_add_step(plan, head, head->kind == OSTLER_STEP_PROC);
    step->source = source;
    step->target = target;
    step->content = (const uint8_t *)body->at;
    step->content_size = body->left;
    return true;
}

static bool parse_tmpfs(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const struct ostler_tmpfs *tmpfs = take(body, sizeof *tmpfs);
    const char *target = tmpfs ? take_string(body) : NULL;
    if (!is_view_path(target) || body->left) return false;
    if (!tmpfs->size || tmpfs->flags & ~(uint32_t)OSTLER_BIND_NOEXEC) return false;
    struct plan_step *step = plan_add_step(plan, head, true);
    step->target = target;
    step->mode = tmpfs->mode & 07777;
    step->flags = tmpfs->flags;
    step->size = tmpfs->size;
    step->inodes = tmpfs->inodes;
    return true;
}

/// Each sandbox has its own: for its user alone, and gone with it.
static bool parse_secret(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const char *target = take_string(body);
    if (!is_view_path(target)) return false;
    struct plan_step *step = plan_add_step(plan, head, true);
    step->target = target;
    step->content = (const uint8_t *)body->at;
    step->content_size = body->left;
    return true;
}

static bool parse_rlimit(struct plan *plan, struct cursor *body) {
    const struct ostler_rlimit *limit = take(body, sizeof *limit);
    if (!limit || body->left || limit->resource >= RLIM_NLIMITS) return false;
    plan->rlimit[limit->resource] = limit->value;
    plan->rlimit_set |= 1u << limit->resource;
    return true;
}

static bool parse_setting(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    switch (head->kind) {
    case OSTLER_STEP_CWD:
        plan->cwd = take_string(body);
        return plan->cwd && !body->left && plan->cwd[0] == '/';
    case OSTLER_STEP_ENV:
        plan->env[plan->env_count] = take_string(body);
        return plan->env[plan->env_count] && !body->left && strchr(plan->env[plan->env_count++], '=');
    case OSTLER_STEP_HOSTNAME:
        plan->hostname = take_string(body);
        return plan->hostname && !body->left && strlen(plan->hostname) <= 64;
    case OSTLER_STEP_RLIMIT:
        return parse_rlimit(plan, body);
    case OSTLER_STEP_LIMITS: {
        const struct ostler_limits *limits = take(body, sizeof *limits);
        if (limits) plan->limits = *limits;
        return limits && !body->left;
    }
    case OSTLER_STEP_SECCOMP: {
        const struct ostler_seccomp *seccomp = take(body, sizeof *seccomp);
        if (seccomp) plan->seccomp = seccomp->profile;
        return seccomp && !body->left && seccomp->profile <= OSTLER_SECCOMP_CONTAINED;
    }
    case OSTLER_STEP_FENCE: {
        const struct ostler_fence *fence = take(body, sizeof *fence);
        if (!fence || body->left || fence->kind > OSTLER_FENCE_NONE || plan->step_count) return false;
        plan->fence = fence->kind;
        plan->loopback = fence->loopback;
        return !plan->loopback || plan->fence == OSTLER_FENCE_NAMESPACES;
    }
    default:
        return false;
    }
}

static bool parse_rule(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    const struct ostler_rule *rule = take(body, sizeof *rule);
    const char *path = rule ? take_string(body) : NULL;
    if (!path || path[0] != '/' || body->left || rule->rights & ~(uint32_t)RULE_RIGHTS) return false;
    struct plan_step *step = plan_add_step(plan, head, true);
    step->flags = rule->rights;
    step->target = path;
    return true;
}

static bool parse_step(struct plan *plan, const struct ostler_step *head, struct cursor *body) {
    bool of_view = head->kind < OSTLER_STEP_CWD || head->kind == OSTLER_STEP_SECRETS || head->kind == OSTLER_STEP_SECRET;
    if (head->kind == OSTLER_STEP_RULE ? plan->fence != OSTLER_FENCE_CONTAINED
                                       : of_view && plan->fence != OSTLER_FENCE_NAMESPACES) {
        plan->problem = "a step of another fence";
        return false;
    }
    switch (head->kind) {
    case OSTLER_STEP_RULE:
        return parse_rule(plan, head, body);
    case OSTLER_STEP_BIND:
        return parse_bind(plan, head, body);
    case OSTLER_STEP_DIR:
    case OSTLER_STEP_SYMLINK:
    case OSTLER_STEP_FILE:
    case OSTLER_STEP_DEVICES:
    case OSTLER_STEP_PROC:
        return parse_view(plan, head, body);
    case OSTLER_STEP_TMPFS:
    case OSTLER_STEP_SECRETS:
        return parse_tmpfs(plan, head, body);
    case OSTLER_STEP_SECRET:
        return parse_secret(plan, head, body);
    case OSTLER_STEP_HOST_FILE:
    case OSTLER_STEP_MASK:
    case OSTLER_STEP_WITNESS:
    case OSTLER_STEP_PROGRAMS:
    case OSTLER_STEP_LANDLOCK:
        return parse_program_step(plan, head, body);
    default:
        return parse_setting(plan, head, body);
    }
}

static size_t count_steps(const char *tail, size_t size) {
    size_t count = 0;
    for (size_t at = 0; size - at >= sizeof(struct ostler_step); count++) {
        const struct ostler_step *head = (const void *)(tail + at);
        if (head->length > size - at - sizeof *head) break;
        size_t whole = (sizeof *head + head->length + 7) & ~(size_t)7;
        at = whole > size - at ? size : at + whole;
    }
    return count;
}

static bool parse_steps(struct plan *plan, struct cursor cursor, const char **detail) {
    for (bool first = true; cursor.left; first = false) {
        const struct ostler_step *head = take(&cursor, sizeof *head);
        *detail = "a step is cut short";
        if (!head || head->length > cursor.left) return false;
        struct cursor body = {take(&cursor, head->length), head->length};
        size_t padding = -(size_t)head->length & 7;
        if (padding && cursor.left && !take(&cursor, padding)) return false;
        if (first != (head->kind == OSTLER_STEP_REQUIRE)) {
            *detail = "the first step, and only it, says what is required";
            return false;
        }
        if (first) {
            const struct ostler_require *require = take(&body, sizeof *require);
            *detail = "unknown layers are asked for";
            if (!require || body.left || (require->required | require->best) >> OSTLER_LAYER_COUNT) return false;
            plan->required = require->required;
            plan->asked = require->required | require->best;
            continue;
        }
        *detail = "a step is unknown or malformed";
        if (!parse_step(plan, head, &body)) {
            if (plan->problem) *detail = plan->problem;
            return false;
        }
    }
    return true;
}

/// -1 with errno: `tail` is no plan. The plan keeps its own copy of the bytes.
int plan_parse(struct plan *plan, const char *tail, size_t size, const char **detail) {
    size_t count = count_steps(tail, size);
    plan->bytes = malloc(size ? size : 1);
    plan->steps = calloc(count + 1, sizeof *plan->steps);
    plan->env = calloc(count + 1, sizeof *plan->env);
    *detail = "out of memory";
    if (!plan->bytes || !plan->steps || !plan->env) return -1;
    memcpy(plan->bytes, tail, size);
    *detail = "an empty plan";
    errno = EINVAL;
    if (!size) return -1;
    if (!parse_steps(plan, (struct cursor){plan->bytes, size}, detail)) {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

static void plan_free(struct plan *plan) {
    if (plan->view >= 0) close(plan->view);
    if (plan->ruleset >= 0) close(plan->ruleset);
    plan_free_files(plan);
    free(plan->bytes);
    free(plan->steps);
    free(plan->env);
    free(plan);
}

struct plan *plan_find(uint64_t id) {
    struct plan *plan = launcher.plans;
    while (plan && (plan->id != id || plan->dropped)) plan = plan->next;
    return plan;
}

void plan_add(uint64_t id, const char *tail, size_t size) {
    struct progress failure = {.state = PROGRESS_NONE};
    struct plan *plan = calloc(1, sizeof *plan);
    const char *detail = "out of memory";
    if (plan) plan->view = plan->ruleset = -1;
    if (plan_find(id)) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, EEXIST, -1, "a plan of this number is there", NULL);
    } else if (!plan || plan_parse(plan, tail, size, &detail) < 0) {
        progress_fail(&failure, OSTLER_STAGE_REQUEST, errno, -1, detail, NULL);
    } else {
        plan->id = id;
        if (plan->fence != OSTLER_FENCE_NAMESPACES) plan->layers = 0;
        else if (launcher.has_namespaces) plan->view = view_build(plan, &failure);
        else progress_fail(&failure, OSTLER_STAGE_SLOT, ENOTSUP, OSTLER_LAYER_USER_NS, "this launcher does without", NULL);
    }
    if (failure.state == PROGRESS_FAILED) {
        if (plan) plan_free(plan);
        send_host_failed(0, id, &failure, 0);
        return;
    }
    plan->next = launcher.plans;
    launcher.plans = plan;
    struct ostler_plan_ready ready = {.layers = plan->layers};
    send_host(OSTLER_EV_PLAN_READY, 0, id, &ready, sizeof ready);
}

static void plan_forget(struct plan *plan) {
    if (!plan->dropped || plan->users) return;
    struct plan **link = &launcher.plans;
    while (*link != plan) link = &(*link)->next;
    *link = plan->next;
    plan_free(plan);
}

void plan_drop(uint64_t id) {
    struct plan *plan = plan_find(id);
    if (!plan) return;
    plan->dropped = true;
    plan_forget(plan);
}

void plan_release(struct plan *plan) {
    plan->users--;
    plan_forget(plan);
}
