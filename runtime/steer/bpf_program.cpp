// SPDX-License-Identifier: Apache-2.0
// The program, in words:
//
//   unless the protocol is TCP or UDP: pass
//   for each range of the packet's family: (address & mask) == range? go on; else: pass
//   target = {address, port, kind};  index = targets[target], or refuse
//   socket = sockets[index], or refuse;  the packet goes to it
//
// Ranges are immediates, not a map: this runs for every first packet of every connection on the
// node, and those that are none of ours leave after a few instructions.
//
// "Refuse" is SK_DROP: for TCP the kernel answers with RST, for UDP with ICMP port unreachable, as
// if no socket were bound. Passing instead would hand a mesh address's unused ports to whoever on
// the node listens on the wildcard address.
//
// Several such programs may be attached at once, and of sockets chosen the last one counts; a
// refusal only counts if none chose. So a new proxy takes over by attaching its own program beside
// the old one's (REPLACE: over the choice made before), and nothing of the old one's is touched.
//
// Tested by tests/unit/steer/steering_test.cpp.
#include "runtime/steer/bpf_program.h"

#include <endian.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "runtime/steer/bpf.h"

namespace smic::steer::bpf {
namespace {

// ---- the assembler -----------------------------------------------------------------------------

enum Register : std::uint8_t { r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, stack };

class Assembler {
 public:
  void emit(std::uint8_t code, std::uint8_t to, std::uint8_t from, int offset,
            std::uint32_t value) {
    bpf_insn instruction{};
    instruction.code = code;
    instruction.dst_reg = to & 0xf;
    instruction.src_reg = from & 0xf;
    instruction.off = static_cast<std::int16_t>(offset);
    instruction.imm = static_cast<std::int32_t>(value);
    code_.push_back(instruction);
  }
  void move(Register to, Register from) { emit(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
  void move(Register to, std::uint32_t value) {
    emit(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
  }
  void add(Register to, std::int32_t value) {
    emit(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, static_cast<std::uint32_t>(value));
  }
  void mask(Register to, std::uint32_t value) { emit(BPF_ALU | BPF_AND | BPF_K, to, 0, 0, value); }
  void load(Register to, Register from, std::size_t offset) {
    emit(BPF_LDX | BPF_MEM | BPF_W, to, from, static_cast<int>(offset), 0);
  }
  void store(int offset, Register from) { emit(BPF_STX | BPF_MEM | BPF_W, stack, from, offset, 0); }
  void store(int offset, std::uint32_t value) {
    emit(BPF_ST | BPF_MEM | BPF_W, stack, 0, offset, value);
  }
  void load_map(Register to, int map) {
    emit(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, static_cast<std::uint32_t>(map));
    emit(0, 0, 0, 0, 0);
  }
  void call(bpf_func_id function) { emit(BPF_JMP | BPF_CALL, 0, 0, 0, function); }
  void leave(std::uint32_t verdict) {
    move(r0, verdict);
    emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }

  // Jumps forward; where to is told by land().
  using Jump = std::size_t;
  Jump jump() { return jump(BPF_JMP | BPF_JA, r0, 0); }
  Jump jump_if(Register left, std::uint32_t right) {
    return jump(BPF_JMP32 | BPF_JEQ | BPF_K, left, right);
  }
  Jump jump_unless(Register left, std::uint32_t right) {
    return jump(BPF_JMP32 | BPF_JNE | BPF_K, left, right);
  }
  Jump jump_if_null(Register pointer) { return jump(BPF_JMP | BPF_JEQ | BPF_K, pointer, 0); }
  void land(Jump jump) { code_[jump].off = static_cast<std::int16_t>(code_.size() - jump - 1); }
  void land(const std::vector<Jump>& jumps) {
    for (const Jump jump : jumps) land(jump);
  }

  const std::vector<bpf_insn>& code() const { return code_; }

 private:
  Jump jump(std::uint8_t code, Register left, std::uint32_t right) {
    emit(code, left, 0, 0, right);
    return code_.size() - 1;
  }

  std::vector<bpf_insn> code_;
};

// ---- the program -------------------------------------------------------------------------------

// Target, on the stack.
constexpr int kTarget = -static_cast<int>(sizeof(Target));
constexpr int kTargetPort = kTarget + static_cast<int>(offsetof(Target, port));
constexpr int kTargetKind = kTarget + static_cast<int>(offsetof(Target, kind));
constexpr int kIndex = kTarget - 4;

constexpr std::size_t kWordBytes = sizeof(std::uint32_t);

std::size_t local_word(IpFamily family, std::size_t index) {
  return family == IpFamily::v4 ? offsetof(bpf_sk_lookup, local_ip4)
                                : offsetof(bpf_sk_lookup, local_ip6) + index * kWordBytes;
}

// Of a range: word `index` of its mask and of its first address, in the order of the wire.
std::uint32_t mask_word(const IpRange& range, std::size_t index) {
  const std::size_t before = index * 32;
  if (range.prefix <= before) return 0;
  const std::size_t bits = range.prefix - before;
  return bits >= 32 ? ~std::uint32_t{0} : htobe32(~(~std::uint32_t{0} >> bits));
}
std::uint32_t first_word(const IpRange& range, std::size_t index) {
  std::uint32_t word = 0;
  std::memcpy(&word, range.first.bytes.data() + index * kWordBytes, kWordBytes);
  return word;
}

// Goes on behind if the address is in one of the ranges; else jumps, by one of those returned.
std::vector<Assembler::Jump> address_in(Assembler& out, std::span<const IpRange> ranges,
                                        IpFamily family) {
  std::vector<Assembler::Jump> inside;
  for (const IpRange& range : ranges) {
    if (range.first.family != family) continue;
    std::vector<Assembler::Jump> next_range;
    for (std::size_t i = 0; i < range.first.bits() / 32; ++i) {
      const std::uint32_t mask = mask_word(range, i);
      if (mask == 0) break;
      out.load(r2, r6, local_word(family, i));
      out.mask(r2, mask);
      next_range.push_back(out.jump_unless(r2, first_word(range, i)));
    }
    inside.push_back(out.jump());
    out.land(next_range);
  }
  const Assembler::Jump outside = out.jump();
  out.land(inside);
  return {outside};
}

void copy_address(Assembler& out, IpFamily family) {
  for (std::size_t i = 0; i < 4; ++i) {
    const int at = kTarget + static_cast<int>(i * kWordBytes);
    if (family == IpFamily::v4 && i > 0) {
      out.store(at, std::uint32_t{0});
    } else {
      out.load(r2, r6, local_word(family, i));
      out.store(at, r2);
    }
  }
}

bool any_of_family(std::span<const IpRange> ranges, IpFamily family) {
  return std::ranges::any_of(ranges,
                             [&](const IpRange& range) { return range.first.family == family; });
}

// The verifier takes no code that cannot be reached, so a family without a range has none.
std::vector<bpf_insn> instructions_for(std::span<const IpRange> ranges, int targets, int sockets) {
  Assembler out;
  if (ranges.empty()) {
    out.leave(SK_PASS);
    return out.code();
  }
  std::vector<Assembler::Jump> pass, refuse;
  const auto add_to = [](std::vector<Assembler::Jump>& jumps, std::vector<Assembler::Jump> more) {
    jumps.insert(jumps.end(), more.begin(), more.end());
  };
  out.move(r6, r1);
  out.load(r2, r6, offsetof(bpf_sk_lookup, protocol));
  out.move(r8, std::uint32_t{0});  // kind
  const auto streams = out.jump_if(r2, IPPROTO_TCP);
  pass.push_back(out.jump_unless(r2, IPPROTO_UDP));
  out.move(r8, kDatagrams);
  out.land(streams);
  out.load(r2, r6, offsetof(bpf_sk_lookup, family));
  const auto v6 = out.jump_if(r2, AF_INET6);
  std::vector<Assembler::Jump> complete;
  if (any_of_family(ranges, IpFamily::v4)) {
    add_to(pass, address_in(out, ranges, IpFamily::v4));
    copy_address(out, IpFamily::v4);
    complete.push_back(out.jump());
  } else {
    pass.push_back(out.jump());
  }
  out.land(v6);
  if (any_of_family(ranges, IpFamily::v6)) {
    out.add(r8, kV6);
    add_to(pass, address_in(out, ranges, IpFamily::v6));
    copy_address(out, IpFamily::v6);
  } else {
    pass.push_back(out.jump());
  }
  out.land(complete);

  out.load(r2, r6, offsetof(bpf_sk_lookup, local_port));
  out.store(kTargetPort, r2);
  out.store(kTargetKind, r8);
  out.load_map(r1, targets);
  out.move(r2, stack);
  out.add(r2, kTarget);
  out.call(BPF_FUNC_map_lookup_elem);
  refuse.push_back(out.jump_if_null(r0));
  out.load(r2, r0, 0);
  out.store(kIndex, r2);
  out.load_map(r1, sockets);
  out.move(r2, stack);
  out.add(r2, kIndex);
  out.call(BPF_FUNC_map_lookup_elem);
  refuse.push_back(out.jump_if_null(r0));
  out.move(r7, r0);
  out.move(r1, r6);
  out.move(r2, r7);
  out.move(r3, std::uint32_t{BPF_SK_LOOKUP_F_REPLACE});
  out.call(BPF_FUNC_sk_assign);
  out.move(r8, r0);
  out.move(r1, r7);
  out.call(BPF_FUNC_sk_release);
  refuse.push_back(out.jump_unless(r8, 0));
  out.land(pass);
  out.leave(SK_PASS);
  out.land(refuse);
  out.leave(SK_DROP);
  return out.code();
}

}  // namespace

std::vector<std::uint64_t> program_for(std::span<const IpRange> ranges, int targets, int sockets) {
  std::vector<std::uint64_t> words;
  for (const bpf_insn& each : instructions_for(ranges, targets, sockets)) {
    words.push_back(std::bit_cast<std::uint64_t>(each));
  }
  return words;
}

}  // namespace smic::steer::bpf
