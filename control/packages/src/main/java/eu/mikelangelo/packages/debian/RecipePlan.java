package eu.mikelangelo.packages.debian;

import eu.mikelangelo.packages.manifest.CommandWords;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Lays a recipe over the plan that the package's own files gave. What the recipe leaves out stays. */
final class RecipePlan {
    private RecipePlan() { }

    static void apply(Recipe recipe, Plan plan, TreeMaker maker) {
        plan.origin = plan.origin.isEmpty() ? "recipe " + recipe.name() : plan.origin;
        if (!recipe.args().isEmpty()) {
            plan.args = expand(recipe.args(), maker);
            plan.pre.clear();
            plan.forking = false;
        }
        for (Recipe.Pre pre : recipe.pre()) {
            plan.pre.add(new Plan.Before(expand(pre.words(), maker), false, pre.user()));
        }
        plan.env.putAll(recipe.env());
        if (!recipe.args().isEmpty()) {
            plan.template = plan.args;
            plan.args = new ArrayList<>(CommandWords.expand(plan.template, plan.env));
        }
        if (!recipe.user().isEmpty()) {
            plan.user = recipe.user().equals("root") ? "" : recipe.user().replaceFirst(":.*", "");
            plan.group = recipe.user().contains(":") ? recipe.user().replaceFirst(".*:", "") : "";
        }
        if (!recipe.workdir().isEmpty()) {
            plan.workdir = recipe.workdir();
        }
        if (recipe.forking() != null) {
            plan.forking = recipe.forking();
        }
        for (Recipe.FolderSpec folder : recipe.folders()) {
            plan.folders.add(new Plan.Folder(folder.path(), folder.mode(), folder.owner()));
        }
        if (!recipe.ports().isEmpty()) {
            plan.ports.clear();
            plan.ports.addAll(recipe.ports());
        }
    }

    /** A star in a path (a version in a folder's name) is replaced by the last file in the tree that fits. */
    private static List<String> expand(List<String> words, TreeMaker maker) {
        List<String> expanded = new ArrayList<>();
        for (String word : words) {
            String found = word;
            if (word.startsWith("/") && word.contains("*")) {
                Pattern pattern = TreeMaker.glob(word);
                for (String path : maker.tree().nodes().keySet()) {
                    found = pattern.matcher(path).matches() ? path : found;
                }
            }
            expanded.add(found);
        }
        return expanded;
    }
}
