// SPDX-License-Identifier: Apache-2.0
// bpf(2) itself; what the program does is in bpf_program.cpp.
//
// Tested by tests/unit/steer/steering_test.cpp.
#include "runtime/steer/bpf.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/steer/bpf_program.h"

namespace smic::steer::bpf {
namespace {

constexpr char kLicence[] = "Apache-2.0";  // no helper used here is for GPL programs alone
constexpr std::size_t kLogBytes = 64 * 1024;

template <class Fill>
long call(bpf_cmd command, Fill fill) {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  fill(attributes);
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t pointer(const void* address) { return reinterpret_cast<std::uint64_t>(address); }

std::unexpected<Error> failed(const std::string& what) {
  return fail(what + ": " + std::strerror(errno));
}

Result<Descriptor> make_map(bpf_map_type type, std::uint32_t key, std::uint32_t value,
                            std::uint32_t most, std::uint32_t flags, const char* name) {
  const long fd = call(BPF_MAP_CREATE, [&](bpf_attr& a) {
    a.map_type = type;
    a.key_size = key;
    a.value_size = value;
    a.max_entries = most;
    a.map_flags = flags;
    std::strncpy(a.map_name, name, sizeof a.map_name - 1);
  });
  if (fd < 0) return failed("create a BPF map");
  return Descriptor(static_cast<int>(fd));
}

Result<void> set(int map, const void* key, const void* value) {
  const long done = call(BPF_MAP_UPDATE_ELEM, [&](bpf_attr& a) {
    a.map_fd = static_cast<std::uint32_t>(map);
    a.key = pointer(key);
    a.value = pointer(value);
    a.flags = BPF_ANY;
  });
  if (done != 0) return failed("change a BPF map");
  return {};
}

}  // namespace

Result<Descriptor> make_targets() {
  return make_map(BPF_MAP_TYPE_HASH, sizeof(Target), sizeof(std::uint32_t), kMostTargets,
                  BPF_F_NO_PREALLOC, "smic_targets");
}

Result<Descriptor> make_sockets(std::uint32_t count) {
  return make_map(BPF_MAP_TYPE_SOCKMAP, sizeof(std::uint32_t), sizeof(std::uint64_t), count, 0,
                  "smic_sockets");
}

Result<void> set_target(int targets, const Target& target, std::uint32_t socket) {
  return set(targets, &target, &socket);
}

Result<void> remove_target(int targets, const Target& target) {
  const long done = call(BPF_MAP_DELETE_ELEM, [&](bpf_attr& a) {
    a.map_fd = static_cast<std::uint32_t>(targets);
    a.key = pointer(&target);
  });
  if (done != 0 && errno != ENOENT) return failed("change a BPF map");
  return {};
}

Result<void> set_socket(int sockets, std::uint32_t index, int socket) {
  const auto value = static_cast<std::uint64_t>(socket);
  return set(sockets, &index, &value);
}

Result<Descriptor> load_program(std::span<const IpRange> ranges, int targets, int sockets) {
  const std::vector<std::uint64_t> code = program_for(ranges, targets, sockets);
  const auto load = [&](char* log) {
    return call(BPF_PROG_LOAD, [&](bpf_attr& a) {
      a.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
      a.expected_attach_type = BPF_SK_LOOKUP;
      a.insns = pointer(code.data());
      a.insn_cnt = static_cast<std::uint32_t>(code.size());
      a.license = pointer(kLicence);
      std::strncpy(a.prog_name, "smic_steer", sizeof a.prog_name - 1);
      if (log == nullptr) return;
      a.log_buf = pointer(log);
      a.log_size = kLogBytes;
      a.log_level = 1;
    });
  };
  if (const long fd = load(nullptr); fd >= 0) return Descriptor(static_cast<int>(fd));
  auto refused = failed("load the BPF program that steers");
  if (errno != EINVAL && errno != EACCES) return refused;
  std::vector<char> log(kLogBytes, '\0');
  load(log.data());
  const std::string text(log.data());
  if (text.empty()) return refused;
  return fail(refused.error().message + ": the verifier says " +
              text.substr(text.size() - std::min<std::size_t>(text.size(), 300)));
}

Result<Descriptor> attach(int program, int network_namespace) {
  const long fd = call(BPF_LINK_CREATE, [&](bpf_attr& a) {
    a.link_create.prog_fd = static_cast<std::uint32_t>(program);
    a.link_create.target_fd = static_cast<std::uint32_t>(network_namespace);
    a.link_create.attach_type = BPF_SK_LOOKUP;
  });
  if (fd < 0) return failed("attach the BPF program that steers to the network namespace");
  return Descriptor(static_cast<int>(fd));
}

Result<void> replace(int link, int program) {
  const long done = call(BPF_LINK_UPDATE, [&](bpf_attr& a) {
    a.link_update.link_fd = static_cast<std::uint32_t>(link);
    a.link_update.new_prog_fd = static_cast<std::uint32_t>(program);
  });
  if (done != 0) return failed("replace the BPF program that steers");
  return {};
}

void detach(int link) {
  call(BPF_LINK_DETACH,
       [&](bpf_attr& a) { a.link_detach.link_fd = static_cast<std::uint32_t>(link); });
}

}  // namespace smic::steer::bpf
