package eu.mikelangelo.machines.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The smallest PID 1: a static x86-64 ELF program that writes a line to its standard output (the console the kernel
 * gave it) and powers off. Written here byte by byte so that the probe needs neither a compiler nor an image.
 */
final class ProbeInit {
    private static final long BASE = 0x40_0000;
    private static final int HEADERS = 64 + 56; // ELF header, one program header

    private ProbeInit() { }

    static byte[] elf(String line) {
        byte[] text = line.getBytes(StandardCharsets.US_ASCII);
        byte[] code = code(text.length);
        int size = HEADERS + code.length + text.length;
        ByteBuffer out = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        out.putShort((short) 2).putShort((short) 62).putInt(1); // ET_EXEC, EM_X86_64, EV_CURRENT
        out.putLong(BASE + HEADERS).putLong(64).putLong(0).putInt(0); // entry, program headers, no sections
        out.putShort((short) 64).putShort((short) 56).putShort((short) 1);
        out.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        out.putInt(1).putInt(5); // PT_LOAD, readable and executable
        out.putLong(0).putLong(BASE).putLong(BASE).putLong(size).putLong(size).putLong(0x1000);
        out.put(code).put(text);
        return out.array();
    }

    private static byte[] code(int length) {
        ByteBuffer code = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        code.put((byte) 0xb8).putInt(1);                 // mov eax, 1: write
        code.put((byte) 0xbf).putInt(1);                 // mov edi, 1
        code.put((byte) 0x48).put((byte) 0x8d).put((byte) 0x35); // lea rsi, [rip + …]
        int patch = code.position();
        code.putInt(0);
        code.put((byte) 0xba).putInt(length);            // mov edx, length
        code.put((byte) 0x0f).put((byte) 0x05);          // syscall
        code.put((byte) 0xb8).putInt(169);               // mov eax, 169: reboot(2)
        code.put((byte) 0xbf).putInt(0xfee1dead);        // mov edi, LINUX_REBOOT_MAGIC1
        code.put((byte) 0xbe).putInt(672_274_793);       // mov esi, LINUX_REBOOT_MAGIC2
        code.put((byte) 0xba).putInt(0x4321fedc);        // mov edx, LINUX_REBOOT_CMD_POWER_OFF
        code.put((byte) 0x0f).put((byte) 0x05);          // syscall
        code.put((byte) 0xeb).put((byte) 0xfe);          // jmp $
        code.putInt(patch, code.position() - (patch + 4)); // the text follows the code
        byte[] bytes = new byte[code.position()];
        code.get(0, bytes);
        return bytes;
    }
}
