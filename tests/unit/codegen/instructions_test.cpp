// SPDX-License-Identifier: Apache-2.0
// What code for a level of x86-64 is made of, looked at by disassembling it: a v2 CPU would die of
// one instruction of v3.
#include <elf.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <set>

#include "tests/support/decisions.h"

// Where LLVM was built without another target, its header above does not declare these.
extern "C" {
void LLVMInitializeX86TargetInfo(void);
void LLVMInitializeX86TargetMC(void);
void LLVMInitializeX86Disassembler(void);
}

using namespace smic;

namespace {

constexpr std::string_view kPathsUnit = R"(
unit a/b:1 http permissive
  match m0 = path ~ "/orders/[0-9]+$"
  match m1 = path ~ "/carts/[^/]+/items"
  route r0 when m0 or m1 -> split { a/c:1 = 3, a/d:1 = 4 }
  route r1 -> a/b:1
  allow to any from any
)";

template <class T>
T read_at(const contract::Bytes& bytes, std::size_t offset) {
  T value;
  REQUIRE(offset + sizeof value <= bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// The mnemonics of all code in an object, and how many bytes were none.
struct Instructions {
  std::set<std::string> mnemonics;
  std::size_t count = 0, unreadable = 0;
};

Instructions instructions_of(contract::Bytes object) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  const std::unique_ptr<void, decltype(&LLVMDisasmDispose)> disassembler(
      LLVMCreateDisasm("x86_64-unknown-linux-gnu", nullptr, 0, nullptr, nullptr),
      LLVMDisasmDispose);
  REQUIRE(disassembler);
  Instructions found;
  const auto header = read_at<Elf64_Ehdr>(object, 0);
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = read_at<Elf64_Shdr>(object, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_PROGBITS || !(section.sh_flags & SHF_EXECINSTR)) continue;
    REQUIRE(section.sh_offset + section.sh_size <= object.size());
    for (std::size_t at = 0; at < section.sh_size;) {
      std::array<char, 256> text;
      const std::size_t size = LLVMDisasmInstruction(
          disassembler.get(),
          reinterpret_cast<std::uint8_t*>(object.data()) + section.sh_offset + at,
          section.sh_size - at, at, text.data(), text.size());
      found.unreadable += size == 0 ? 1 : 0;
      ++found.count;
      at += size == 0 ? 1 : size;
      if (size == 0) continue;
      const std::string_view words = std::string_view(text.data()).substr(1);  // after the tab
      found.mnemonics.emplace(words.substr(0, words.find_first_of("\t ")));
    }
  }
  return found;
}

// Of v3 and above; in AT&T's words, where a letter for the size may follow. Not tzcnt: compilers
// write it for bsf of what is not zero, since a CPU that does not know it takes it for bsf, and
// then the answers are the same.
bool is_beyond_v2(const std::string& mnemonic) {
  static const std::set<std::string> kBmi{"andn",  "bextr", "blsi", "blsmsk", "blsr",
                                          "lzcnt", "bzhi",  "mulx", "pdep",   "pext",
                                          "rorx",  "sarx",  "shlx", "shrx",   "movbe"};
  if (mnemonic.starts_with('v')) return true;  // AVX, FMA, F16C
  const std::string stem = mnemonic.substr(0, mnemonic.size() - 1);
  return kBmi.contains(mnemonic) || kBmi.contains(stem);
}

Instructions instructions_of(std::string_view unit, std::string_view target) {
  const auto object = codegen::emit_object(test::decide(unit), target);
  REQUIRE(object);
  return instructions_of(*object);
}

}  // namespace

TEST_CASE("code for x86_64-v2 has no instruction of v3", "[codegen]") {
  for (const auto unit : {test::kPlainUnit, test::kCanaryUnit, kPathsUnit}) {
    const Instructions found = instructions_of(unit, "x86_64-v2");
    CHECK(found.count > 5);
    CHECK(found.unreadable == 0);
    CHECK(found.mnemonics.contains("retq"));
    for (const std::string& mnemonic : found.mnemonics) {
      INFO(mnemonic);
      CHECK_FALSE(is_beyond_v2(mnemonic));
    }
  }
}

// That the look above would see one, and that v3 is not v2 by another name.
TEST_CASE("code for x86_64-v3 uses what v2 has not", "[codegen]") {
  const Instructions found = instructions_of(test::kCanaryUnit, "x86_64-v3");
  CHECK(found.unreadable == 0);
  CHECK(std::ranges::any_of(found.mnemonics, is_beyond_v2));
}
