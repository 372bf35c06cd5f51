package outspool;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Finds jobs in a spool. */
final class Whereabouts {
    /** A job's state, and the text of its file. */
    record Found(String state, String text) {}

    private Whereabouts() {}

    /** The text of a file; null for what is not there, or not for this user to see. */
    static String visible(Path file) throws IOException {
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : null;
        } catch (NoSuchFileException | AccessDeniedException error) {
            return null;
        }
    }

    /** The job of that id, or null. One that moves while it is looked for is in new/ again. */
    static Found find(Path spool, String id) throws IOException {
        for (String state : List.of("new", "cur", "retry", "scheduled", "hold", "dead", "done", "new")) {
            for (Path folder : folders(spool.resolve(state), state)) {
                String text = visible(folder.resolve(id));
                if (text != null) {
                    return new Found(state, text);
                }
            }
        }
        return null;
    }

    private static List<Path> folders(Path folder, String state) throws IOException {
        if (!Set.of("cur", "retry", "done").contains(state)) {
            return List.of(folder);
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.toList();
        } catch (NoSuchFileException | AccessDeniedException | NotDirectoryException error) {
            return List.of();
        }
    }
}
