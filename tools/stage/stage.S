# A static program of a few hundred bytes that carries out a list of system calls read from the file named by argv[1].
# The list is mapped at a fixed address, so that its pointers are plain numbers and its results can be written into it.
# Layout: 64 bytes of header (errorFd at 8, failure report at 16), then records of 64 bytes:
#   number, six arguments, flags (bit 0: a negative result is written to errorFd with the record's address; exit 127;
#   bit 1 to 6: that argument is the address of a 32-bit value).
# Numbers from 0x10000 are control: see src/compute/dialects/process/program.ts.
.intel_syntax noprefix
.equ BASE, 0x20000000
.global _start
.macro argument register, offset
  mov \register, [rbx+\offset]
  bt  r14d, \offset/8
  jnc 1f
  movsxd \register, dword ptr [\register]
1:
.endm
_start:
  mov rdi, [rsp+16]
  xor esi, esi
  mov eax, 2
  syscall
  test rax, rax
  js  bad
  mov r8, rax
  mov r13, rax
  mov edi, BASE
  mov esi, 0x4000000
  mov edx, 3
  mov r10d, 0x12
  xor r9d, r9d
  mov eax, 9
  syscall
  test rax, rax
  js  bad
  mov rdi, r13
  mov eax, 3
  syscall
  mov ebx, BASE+64
  xor r12d, r12d
loop:
  mov rax, [rbx]
  cmp rax, 0x10000
  jae control
  mov r14, [rbx+56]
  argument rdi, 8
  argument rsi, 16
  argument rdx, 24
  argument r10, 32
  argument r8,  40
  argument r9,  48
  syscall
  mov r12, rax
  test rax, rax
  jns next
  test byte ptr [rbx+56], 1
  jne fail
next:
  add rbx, 64
  jmp loop
control:
  mov rdi, [rbx+8]
  cmp eax, 0x10001            # jump
  je  jump
  cmp eax, 0x10002            # jump when the last result is not zero
  je  jumpnz
  cmp eax, 0x10003            # jump when the last result is negative
  je  jumpneg
  cmp eax, 0x10004            # store the last result
  je  store
  cmp eax, 0x10005            # last result = exit code of the wait status at the address
  je  code
bad:
  mov edi, 126
  mov eax, 231
  syscall
jumpnz:
  test r12, r12
  je  next
jump:
  mov rbx, rdi
  jmp loop
jumpneg:
  test r12, r12
  js  jump
  jmp next
store:
  mov [rdi], r12
  jmp next
code:
  mov eax, [rdi]
  mov ecx, eax
  and ecx, 0x7f
  je  exited
  lea r12d, [ecx+128]
  jmp next
exited:
  shr eax, 8
  and eax, 0xff
  mov r12d, eax
  jmp next
fail:
  mov [BASE+16], rbx
  mov [BASE+24], r12
  mov rdi, [BASE+8]
  mov esi, BASE+16
  mov edx, 16
  mov eax, 1
  syscall
  mov edi, 127
  mov eax, 231
  syscall
