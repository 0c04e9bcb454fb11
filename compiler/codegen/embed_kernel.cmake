# SPDX-License-Identifier: Apache-2.0
# cmake -DINPUT=… -DSYMBOL=… -DOUTPUT=… -P embed_kernel.cmake
# writes a .cpp that defines the bytes of a file. A generated source, not .incbin or
# #embed, because ccache understands it.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT}
  "extern const unsigned char ${SYMBOL}[];\nextern const unsigned long ${SYMBOL}_size;\n"
  "alignas(16) const unsigned char ${SYMBOL}[] = {\n${bytes}};\n"
  "const unsigned long ${SYMBOL}_size = sizeof ${SYMBOL};\n")
