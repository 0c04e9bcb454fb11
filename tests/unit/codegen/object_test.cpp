// SPDX-License-Identifier: Apache-2.0
// contract/object.cpp against real objects with one thing wrong. Here and not beside the contract's
// other tests, because only codegen makes such objects.
#include "contract/object.h"

#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "tests/support/decisions.h"

using namespace smic;
using contract::Bytes;

namespace {

const std::string& target() { return codegen::targets()[0]; }

const Bytes& sample() {
  static const Bytes object = *codegen::emit_object(test::decide(test::kCanaryUnit), target());
  return object;
}

template <class T>
void change(Bytes& bytes, std::size_t offset, auto edit) {
  T record;
  std::memcpy(&record, bytes.data() + offset, sizeof record);
  edit(record);
  std::memcpy(bytes.data() + offset, &record, sizeof record);
}

Elf64_Ehdr header_of(const Bytes& bytes) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

Elf64_Shdr section_of(const Bytes& bytes, std::size_t index) {
  Elf64_Shdr section;
  std::memcpy(&section, bytes.data() + header_of(bytes).e_shoff + index * sizeof section,
              sizeof section);
  return section;
}

std::size_t index_of(std::uint32_t type, std::uint64_t flags) {
  for (std::size_t i = 1; i < header_of(sample()).e_shnum; ++i) {
    const auto section = section_of(sample(), i);
    if (section.sh_type == type && section.sh_flags == flags) return i;
  }
  FAIL("the sample has no such section");
  return 0;
}

std::string refusal(const Bytes& bytes) {
  const auto layout = contract::check_object(bytes, target());
  return layout ? "accepted" : layout.error().message;
}

std::string with_header(auto edit) {
  Bytes bytes = sample();
  change<Elf64_Ehdr>(bytes, 0, edit);
  return refusal(bytes);
}

std::string with_section(std::size_t index, auto edit) {
  Bytes bytes = sample();
  change<Elf64_Shdr>(bytes, header_of(bytes).e_shoff + index * sizeof(Elf64_Shdr), edit);
  return refusal(bytes);
}

template <class Record>
std::string with_record(std::uint32_t type, std::size_t number, auto edit) {
  Bytes bytes = sample();
  for (std::size_t i = 1; i < header_of(bytes).e_shnum; ++i) {
    const auto section = section_of(bytes, i);
    if (section.sh_type != type) continue;
    change<Record>(bytes, section.sh_offset + number * sizeof(Record), edit);
    return refusal(bytes);
  }
  return "no such section";
}

}  // namespace

TEST_CASE("an object of codegen is accepted, for its own machine only", "[object]") {
  CHECK(refusal(sample()) == "accepted");
  CHECK(contract::check_object(sample(), "aarch64").error().message ==
        "object has code for another machine");
  CHECK(contract::check_object(sample(), "vax").error().message == "target `vax` is not known");
}

TEST_CASE("every truncation of an object is refused", "[object]") {
  for (std::size_t size = 0; size < sample().size(); ++size) {
    const Bytes cut(sample().begin(), sample().begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE_FALSE(contract::check_object(cut, target()));
  }
}

TEST_CASE("any corrupted byte of an object is survived", "[object]") {
  for (std::size_t at = 0; at < sample().size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes bytes = sample();
      bytes[at] ^= static_cast<std::byte>(flip);
      const auto layout = contract::check_object(bytes, target());
      if (!layout) continue;
      REQUIRE(layout->tables.data() >= bytes.data());
      REQUIRE(layout->tables.data() + layout->tables.size() <= bytes.data() + bytes.size());
    }
  }
}

TEST_CASE("files that are no relocatable 64-bit ELF are refused", "[object]") {
  CHECK(with_header([](auto& h) { h.e_ident[0] = 0; }) == "object has no ELF magic");
  const std::string form = "object has a form other than 64-bit little-endian relocatable";
  CHECK(with_header([](auto& h) { h.e_type = ET_DYN; }) == form);
  CHECK(with_header([](auto& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }) == form);
  CHECK(with_header([](auto& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }) == form);
  CHECK(with_header([](auto& h) { h.e_phnum = 1; }) == "object has program headers");
  const std::string table = "object has a bad section table";
  CHECK(with_header([](auto& h) { h.e_shoff = ~0ull; }) == table);
  CHECK(with_header([](auto& h) { h.e_shnum = contract::kMaxObjectSections + 1; }) == table);
  CHECK(with_header([](auto& h) { h.e_shnum = 0; }) == table);
  CHECK(with_header([](auto& h) { h.e_shstrndx = h.e_shnum; }) == table);
}

TEST_CASE("writable, executable data and strange sections are refused", "[object]") {
  const std::size_t data = index_of(SHT_PROGBITS, SHF_ALLOC);
  const std::size_t code = index_of(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR);
  const auto neither = [](std::string name) {
    return "object has section " + name + ", which is neither code nor read-only data";
  };
  CHECK(with_section(data, [](auto& s) { s.sh_flags |= SHF_WRITE; }) == neither(".rodata"));
  CHECK(with_section(code, [](auto& s) { s.sh_flags |= SHF_WRITE; }) == neither(".text"));
  CHECK(with_section(data, [](auto& s) { s.sh_flags |= SHF_TLS; }) == neither(".rodata"));
  const std::string type = "object has section .rodata of a type that is not allowed";
  CHECK(with_section(data, [](auto& s) { s.sh_type = SHT_NOBITS; }) == type);
  CHECK(with_section(data, [](auto& s) { s.sh_type = SHT_INIT_ARRAY; }) == type);
  CHECK(with_section(data, [](auto& s) { s.sh_offset = ~0ull; }) ==
        "object has a section outside the file");
  CHECK(with_section(data, [](auto& s) { s.sh_size = ~0ull - 8; }) ==
        "object has a section outside the file");
  CHECK(with_section(data, [](auto& s) { s.sh_addralign = 3; }) ==
        "object has a section with a bad alignment");
  CHECK(with_section(data, [](auto& s) { s.sh_addralign = 2 * contract::kMaxSectionAlignment; }) ==
        "object has a section with a bad alignment");
  CHECK(with_section(data, [](auto& s) { s.sh_name = ~0u; }) ==
        "object has a section without a name");
}

TEST_CASE("undefined, stray and foreign symbols are refused", "[object]") {
  // The exported ones are the last three: match, split, tables.
  const auto symtab = section_of(sample(), index_of(SHT_SYMTAB, 0));
  const std::size_t tables = symtab.sh_size / sizeof(Elf64_Sym) - 1;
  const auto with_tables = [&](auto edit) {
    return with_record<Elf64_Sym>(SHT_SYMTAB, tables, edit);
  };
  CHECK(with_tables([](auto& s) { s.st_shndx = SHN_UNDEF; }) ==
        "object has the undefined symbol `smic_v1_tables`");
  CHECK(with_tables([](auto& s) { s.st_shndx = SHN_ABS; }) ==
        "object has a symbol outside code and data");
  CHECK(with_tables([](auto& s) { s.st_value = ~0ull; }) ==
        "object has a symbol that reaches beyond its section");
  CHECK(with_tables([](auto& s) { s.st_size += 1 << 20; }) ==
        "object has a symbol that reaches beyond its section");
  CHECK(with_tables([](auto& s) { s.st_name += 1; }) ==
        "object has the unexpected symbol `mic_v1_tables`");
  CHECK(with_tables([](auto& s) { s.st_info = ELF64_ST_INFO(STB_WEAK, STT_OBJECT); }) ==
        "object has the unexpected symbol `smic_v1_tables`");
  CHECK(with_tables([](auto& s) { s.st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT); }) ==
        "object has symbols out of order");
  CHECK(with_tables([](auto& s) { s.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC); }) ==
        "object has a symbol of a type that is not allowed");
  CHECK(with_tables([](auto& s) { s.st_size = 0; }) ==
        "object has not all of smic_v1_match, smic_v1_split and smic_v1_tables");
}

TEST_CASE("relocations other than those of code to its own parts are refused", "[object]") {
  const auto with_relocation = [](auto edit) { return with_record<Elf64_Rela>(SHT_RELA, 0, edit); };
  CHECK(with_relocation([](auto& r) { r.r_info = ELF64_R_INFO(ELF64_R_SYM(r.r_info), 1); }) ==
        "object has a relocation of kind 1, which is not allowed");
  CHECK(with_relocation([](auto& r) { r.r_offset = ~0ull; }) ==
        "object has a relocation outside its section");
  CHECK(with_relocation([](auto& r) { r.r_info = ELF64_R_INFO(1000, ELF64_R_TYPE(r.r_info)); }) ==
        "object has a relocation to no symbol");
  const std::size_t relocations = index_of(SHT_RELA, SHF_INFO_LINK);
  const auto data = static_cast<std::uint32_t>(index_of(SHT_PROGBITS, SHF_ALLOC));
  CHECK(with_section(relocations, [&](auto& s) { s.sh_info = data; }) ==
        "object has relocations of something that is not code");
}
